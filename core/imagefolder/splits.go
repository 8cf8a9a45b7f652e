package imagefolder

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// splitWords are what the files and folders of a data set's splits are called, as
// Hugging Face's datasets knows them, by the split.
var splitWords = map[string]string{
	"train": "train", "training": "train",
	"validation": "validation", "valid": "validation", "val": "validation", "dev": "validation",
	"test": "test", "testing": "test", "eval": "test", "evaluation": "test",
}

// splitsOf lists the splits that the names of files tell of, if there are several:
// by a folder's name, or by how a file's name begins or ends ("train-00000-of-00002",
// "my_test").
func splitsOf(files []string) []string {
	found := map[string]bool{}
	for _, file := range files {
		for _, part := range strings.Split(strings.TrimSuffix(file, path.Ext(file)), "/") {
			words := strings.FieldsFunc(strings.ToLower(part), func(r rune) bool { return strings.ContainsRune("-_. ", r) })
			for i, word := range words {
				if split, ok := splitWords[word]; ok && (i == 0 || i == len(words)-1) {
					found[split] = true
				}
			}
		}
	}
	if len(found) < 2 {
		return nil
	}
	return slices.Sorted(maps.Keys(found))
}
