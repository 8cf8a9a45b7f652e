package conformance

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"path/filepath"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// hashing is the kit's own encoder: the same image or text has the same vector,
// and nothing else is alike.
type hashing struct{}

// hashingWidth is the length of its vectors.
const hashingWidth = 16

func (hashing) EncodeImages(_ context.Context, images []sdk.Image) ([][]float32, error) {
	vectors := make([][]float32, len(images))
	for i, image := range images {
		vectors[i] = hashed(image.RGB)
	}
	return vectors, nil
}

func (hashing) EncodeTexts(_ context.Context, texts []string) ([][]float32, error) {
	vectors := make([][]float32, len(texts))
	for i, text := range texts {
		vectors[i] = hashed([]byte(text))
	}
	return vectors, nil
}

func hashed(content []byte) []float32 {
	hash := fnv.New64a()
	hash.Write(content)
	random := rand.New(rand.NewPCG(hash.Sum64(), 0))
	vector := make([]float32, hashingWidth)
	for i := range vector {
		vector[i] = float32(random.NormFloat64())
	}
	return vector
}

// features writes the tables of features that the component reads of a request's
// sets, and of more texts, into a directory.
func (c Case) features(ctx context.Context, directory string, r *sdk.FitRequest, more []string) error {
	if !c.component.ReadsFeatures() {
		return nil
	}
	sets := make([]sdk.FitSet, len(r.Sets))
	known := map[string]bool{}
	var texts []string
	add := func(text string) {
		if !known[text] {
			known[text] = true
			texts = append(texts, text)
		}
	}
	for i, set := range r.Sets {
		var rows []table.Feature
		for row, err := range table.Read[table.Image](set.Images) {
			if err != nil {
				return err
			}
			add(row.Prompt)
			image, err := imaging.Decode(row.Image.Bytes, imaging.Exchanged)
			if err != nil {
				return err
			}
			vector, err := one(c.Encoder.EncodeImages(ctx, []sdk.Image{image}))
			if err != nil {
				return err
			}
			rows = append(rows, table.Feature{ImageID: row.ID, Vector: vector})
		}
		if sets[i] = set; c.component.DoesRead(sdk.ReadImageFeatures) {
			sets[i].ImageFeatures = filepath.Join(directory, fmt.Sprintf("features %d.parquet", i))
			if err := table.WriteAll(sets[i].ImageFeatures, rows); err != nil {
				return err
			}
		}
	}
	r.Sets = sets
	if !c.component.DoesRead(sdk.ReadTextFeatures) {
		return nil
	}
	for _, text := range more {
		add(text)
	}
	var rows []table.TextFeature
	for _, text := range texts {
		vector, err := one(c.Encoder.EncodeTexts(ctx, []string{text}))
		if err != nil {
			return err
		}
		rows = append(rows, table.TextFeature{Text: text, Vector: vector})
	}
	r.TextFeatures = []string{filepath.Join(directory, "text features.parquet")}
	return table.WriteAll(r.TextFeatures[0], rows)
}
