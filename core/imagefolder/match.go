package imagefolder

import (
	"fmt"
	"strings"

	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// mostTold is how many prompts a mismatch names.
const mostTold = 3

// Mismatch says how captioned images are not those of some prompts.
type Mismatch struct {
	Unknown []string // captions that are no prompt, each once
	Absent  []string // prompts that no image is of
	Wrong   []string // prompts with another number of images
	Counts  []int    // how many those have
	Want    int      // images of each prompt
	Prompts int
}

func (m *Mismatch) Error() string {
	var said []string
	tell := func(prompts []string, words string) {
		if len(prompts) == 0 {
			return
		}
		var quoted []string
		for i, prompt := range prompts {
			if i == mostTold {
				quoted = append(quoted, fmt.Sprintf("and %d more", len(prompts)-mostTold))
				break
			}
			quoted = append(quoted, fmt.Sprintf("%q", prompt))
		}
		said = append(said, words+": "+strings.Join(quoted, ", "))
	}
	tell(m.Absent, fmt.Sprintf("%d of the %d prompts have no image", len(m.Absent), m.Prompts))
	tell(m.Unknown, fmt.Sprintf("%d captions are none of the prompts", len(m.Unknown)))
	if len(m.Wrong) > 0 {
		tell(m.Wrong, fmt.Sprintf("%d prompts have not %d images each, the first has %d", len(m.Wrong), m.Want, m.Counts[0]))
	}
	return strings.Join(said, "; ")
}

// Match finds the images of each prompt by their captions, perPrompt of each, in the
// order of the table: positions in images, prompt by prompt. Captions and prompts are
// compared without the spaces around them. The error is *Mismatch.
func Match(images []table.Image, prompts []string, perPrompt int) ([]int, error) {
	of := map[string][]int{}
	var captions []string
	for i, image := range images {
		caption := strings.TrimSpace(image.Prompt)
		if of[caption] == nil {
			captions = append(captions, caption)
		}
		of[caption] = append(of[caption], i)
	}
	m := &Mismatch{Want: perPrompt, Prompts: len(prompts)}
	var positions []int
	wanted := map[string]bool{}
	for _, prompt := range prompts {
		text := strings.TrimSpace(prompt)
		if wanted[text] { // of another category
			positions = append(positions, of[text]...)
			continue
		}
		wanted[text] = true
		switch n := len(of[text]); {
		case n == 0:
			m.Absent = append(m.Absent, prompt)
		case n != perPrompt:
			m.Wrong, m.Counts = append(m.Wrong, prompt), append(m.Counts, n)
		}
		positions = append(positions, of[text]...)
	}
	for _, caption := range captions {
		if !wanted[caption] {
			m.Unknown = append(m.Unknown, caption)
		}
	}
	if len(m.Unknown)+len(m.Absent)+len(m.Wrong) > 0 {
		return nil, m
	}
	return positions, nil
}
