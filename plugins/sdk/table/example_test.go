package table_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// What a Fit does with the tables that FitRequest names: labels, joined with the images
// that they are of.
func ExampleRead() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	images, labels := filepath.Join(dir, "images.parquet"), filepath.Join(dir, "labels.parquet")
	if err := table.WriteAll(images, []table.Image{{ID: "color/0000/000", Prompt: "a red ring"}, {ID: "color/0001/000", Prompt: "a blue ring"}}); err != nil {
		fmt.Println(err)
		return
	}
	if err := table.WriteAll(labels, []table.Label{{ImageID: "color/0001/000", Rater: "1", Label: "good"}}); err != nil {
		fmt.Println(err)
		return
	}

	good := map[string]bool{}
	for row, err := range table.Read[table.Label](labels) {
		if err != nil {
			fmt.Println(err)
			return
		}
		good[row.ImageID] = row.Label == "good"
	}
	for image, err := range table.Read[table.Image](images) { // one row at a time; Image.Image.Bytes is the PNG file
		if err != nil {
			fmt.Println(err)
			return
		}
		if label, given := good[image.ID]; given {
			fmt.Println(image.Prompt, label)
		}
	}
	// Output: a blue ring true
}
