package stage

import (
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// choiceCounts sums choices up for a record.
type choiceCounts struct {
	pairs, choices, ties int
	agreeing, both       float64 // pairs of raters of one pair of images: who say the same, and all
}

// add counts the choices between two images, of different raters. Either image
// may come first in a row.
func (c *choiceCounts) add(rows []table.Comparison) {
	var first, second, ties float64
	for _, row := range rows {
		choice := sdk.Choice(row.Choice)
		if row.First > row.Second {
			choice = turned(choice)
		}
		switch choice {
		case sdk.ChooseFirst:
			first++
		case sdk.ChooseSecond:
			second++
		default:
			ties++
		}
	}
	n := first + second + ties
	c.pairs++
	c.choices += len(rows)
	c.ties += int(ties)
	c.agreeing += (first*(first-1) + second*(second-1) + ties*(ties-1)) / 2
	c.both += n * (n - 1) / 2
}

// turned is a choice with the images the other way round.
func turned(choice sdk.Choice) sdk.Choice {
	switch choice {
	case sdk.ChooseFirst:
		return sdk.ChooseSecond
	case sdk.ChooseSecond:
		return sdk.ChooseFirst
	}
	return choice
}

// facts are the number of pairs, the share of ties among all choices and, where a
// pair has choices of several raters, the share of pairs of raters who say the
// same of two images.
func (c *choiceCounts) facts() map[string]float64 {
	facts := map[string]float64{"pairs": float64(c.pairs)}
	if c.choices > 0 {
		facts["tie_share"] = float64(c.ties) / float64(c.choices)
	}
	if c.both > 0 {
		facts["agreement_share"] = c.agreeing / c.both
	}
	return facts
}
