package stage

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// photographs writes a table of images of several prompts, each a wide one of random
// bytes.
func (b bench) photographs(prompts map[string][]string, each int) string {
	b.t.Helper()
	var images []table.Image
	for _, category := range []string{"color", "count"} {
		for p, prompt := range prompts[category] {
			for index := range each {
				pixels := imaging.Image{Width: 16, Height: 8, RGB: make([]byte, 3*16*8)}
				for i := range pixels.RGB {
					pixels.RGB[i] = byte(i*(index+3) + 40*p)
				}
				content, err := imaging.EncodeStored(pixels)
				if err != nil {
					b.t.Fatal(err)
				}
				id := fmt.Sprintf("%s/%d/%d", category, p, index)
				images = append(images, table.Image{ID: id, Image: table.File{Path: id + ".png", Bytes: content}, Prompt: prompt, Category: category, Split: "seen", Index: int32(index)})
			}
		}
	}
	path := b.t.TempDir() + "/images.parquet"
	if err := table.WriteAll(path, images); err != nil {
		b.t.Fatal(err)
	}
	return path
}

func TestPerturb(t *testing.T) {
	b := newBench(t)
	path := b.photographs(map[string][]string{"color": {"red", "blue", "green"}, "count": {"two"}}, 3)
	changes := []plan.Perturbation{
		{How: plan.PerturbPrompt}, {How: plan.PerturbBlank}, {How: plan.PerturbNoise},
		{How: plan.PerturbJPEG, Amount: 50}, {How: plan.PerturbResize, Amount: 50}, {How: plan.PerturbFlip},
	}
	perturbed := func(images int, seed uint64) []table.Image {
		node := &plan.Node{Name: "perturb/main/base", Kind: record.KindPerturb, Seed: seed, Work: &plan.PerturbWork{Images: images, Perturbations: changes}}
		return rows[table.Image](b, b.run(node, tile{}, map[string]string{plan.Images: path}).Outputs[plan.Images])
	}
	originals, err := table.ReadAll[table.Image](path)
	if err != nil {
		t.Fatal(err)
	}
	of := table.ByID(originals)
	got := perturbed(5, 7)
	if len(got) != 5*len(changes) {
		t.Fatalf("%d images", len(got))
	}
	count := map[string]int{}
	for i, image := range got {
		change := changes[i%len(changes)]
		original, ok := of[image.ID[:len(image.ID)-len("/"+change.Name())]]
		if !ok || image.ID != change.Image(original.ID) {
			t.Fatalf("image %q is none of %q", image.ID, change.Name())
		}
		before, _ := imaging.Decode(original.Image.Bytes, imaging.Exchanged)
		after, err := imaging.Decode(image.Image.Bytes, imaging.Exchanged)
		if err != nil || after.Width != before.Width || after.Height != before.Height {
			t.Fatalf("image %q: %d x %d, %v", image.ID, after.Width, after.Height, err)
		}
		same := bytes.Equal(before.RGB, after.RGB)
		if change.How == plan.PerturbPrompt {
			count[original.Prompt]++
			if !same || image.Prompt == original.Prompt {
				t.Errorf("image %q: prompt %q, pixels the same: %v", image.ID, image.Prompt, same)
			}
			if original.Category == "color" && image.Category != "color" {
				t.Errorf("image %q has a prompt of category %q, and its own has others", image.ID, image.Category)
			}
			continue
		}
		if same || image.Prompt != original.Prompt {
			t.Errorf("image %q: prompt %q, pixels the same: %v", image.ID, image.Prompt, same)
		}
		switch change.How {
		case plan.PerturbBlank:
			if after.RGB[0] != 128 || !bytes.Equal(after.RGB[1:], after.RGB[:len(after.RGB)-1]) {
				t.Errorf("image %q is not blank", image.ID)
			}
		case plan.PerturbFlip:
			if !bytes.Equal(after.RGB[:3], before.RGB[3*15:3*16]) || !bytes.Equal(after.RGB[len(after.RGB)-3:], before.RGB[3*16*7:3*16*7+3]) {
				t.Errorf("image %q is not mirrored", image.ID)
			}
		}
	}
	// Five of twelve images: each of four prompts once, one of them twice.
	if len(count) != 4 {
		t.Errorf("images of the prompts %v", count)
	}
	// More images hold the fewer, with the same pixels; another seed is another draw.
	all := table.ByID(perturbed(12, 7))
	for _, image := range got {
		if more := all[image.ID]; !bytes.Equal(more.Image.Bytes, image.Image.Bytes) || more.Prompt != image.Prompt {
			t.Errorf("image %q is another among more", image.ID)
		}
	}
	other := table.ByID(perturbed(12, 8))
	if noise := "color/0/0/noise"; bytes.Equal(other[noise].Image.Bytes, all[noise].Image.Bytes) {
		t.Error("two seeds have the same noise")
	}
}

// Where there is one prompt alone, no image gets another.
func TestPerturbOnePrompt(t *testing.T) {
	b := newBench(t)
	path := b.photographs(map[string][]string{"count": {"two"}}, 2)
	node := &plan.Node{Name: "perturb/main/base", Kind: record.KindPerturb, Work: &plan.PerturbWork{Images: 9, Perturbations: []plan.Perturbation{{How: plan.PerturbPrompt}, {How: plan.PerturbBlank}}}}
	got := rows[table.Image](b, b.run(node, tile{}, map[string]string{plan.Images: path}).Outputs[plan.Images])
	if len(got) != 2 || got[0].ID != "count/0/0/blank" || got[1].ID != "count/0/1/blank" {
		t.Errorf("got %d images", len(got))
	}
}
