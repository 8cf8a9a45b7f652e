package spec

import "github.com/hashicorp/hcl/v2"

var rewardCardForm = form{
	schema: Schema{Attributes: []Attribute{
		{Name: "images", Type: "integer", Default: []byte(`100`), Minimum: number(1), Maximum: number(1e6), Summary: "how many of the baseline's images are changed, drawn by the experiment's seed, the same number of each prompt; each is scored once for every change"},
		{Name: "jpeg", Type: "list(integer)", Default: []byte(`[90, 50, 20]`), Minimum: number(1), Maximum: number(100), Summary: "qualities of JPEG compression"},
		{Name: "resize", Type: "integer", Default: []byte(`50`), Minimum: number(1), Maximum: number(99), Summary: "percent of its width and height that an image is shrunk to, and enlarged from again"},
		{Name: "bins", Type: "integer", Default: []byte(`10`), Minimum: number(2), Maximum: number(100), Summary: "groups of images of like score, as many images in each, whose share of good votes is compared with their score"},
	}},
}

// rewardCardBlock decodes how the evaluation's rewards are examined.
func (l *loader) rewardCardBlock(block *hcl.Block, evaluate *Evaluate) *RewardCard {
	arguments := l.decode(block.Body, rewardCardForm)
	card := &RewardCard{
		Images: arguments.integer("images"),
		Resize: arguments.integer("resize"),
		Bins:   arguments.integer("bins"),
		Range:  FromRange(block.DefRange),
	}
	known := map[int]bool{}
	for _, quality := range arguments.integers("jpeg") {
		if known[quality] {
			l.error(arguments.at("jpeg", block.DefRange), "Quality given twice", "jpeg lists %d twice. Remove one.", quality)
		}
		known[quality] = true
		card.JPEG = append(card.JPEG, quality)
	}
	if len(evaluate.Rewards) == 0 {
		l.error(block.DefRange, "No rewards", "A reward card is of the evaluation's rewards. Name them beside the models: rewards = [reward.%s].", l.firstName("reward"))
	}
	return card
}
