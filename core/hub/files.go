package hub

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A component says which files of a repository it reads (sdk.Attribute.Hub), one
// entry for each:
//
//	config.json              a file that must be there
//	?merges.txt              one that may be
//	unet/model.safetensors   weights: in one file, or in several and an index, of
//	                         the variant that is asked for
//
// Nothing else of a repository is fetched.

const weights = ".safetensors"

// chosen is a file that is read: its name in the repository, and the one that the
// component looks for.
type chosen struct{ name, as string }

// choose takes from the names in a repository those that the entries stand for.
// What is wrong is one sentence for each entry that nothing fits.
func choose(entries []string, variant string, names []string) (files []chosen, wrong []string) {
	there := map[string]bool{}
	for _, name := range names {
		there[name] = true
	}
	for _, entry := range entries {
		name, optional := strings.CutPrefix(entry, "?")
		if strings.HasSuffix(name, weights) {
			found, complaint := chooseWeights(name, variant, names, there)
			if complaint != "" && !optional {
				wrong = append(wrong, complaint)
			}
			files = append(files, found...)
			continue
		}
		switch {
		case there[name]:
			files = append(files, chosen{name, name})
		case !optional:
			wrong = append(wrong, "there is no "+name)
		}
	}
	slices.SortFunc(files, func(a, b chosen) int { return strings.Compare(a.name, b.name) })
	return slices.Compact(files), wrong
}

// chooseWeights takes a file, or an index and the parts that it is of.
func chooseWeights(name, variant string, names []string, there map[string]bool) ([]chosen, string) {
	stem := strings.TrimSuffix(name, weights)
	whole, index, shard := name, name+".index.json", stem
	if variant != "" {
		whole, index, shard = stem+"."+variant+weights, name+".index."+variant+".json", stem+"."+variant
	}
	if there[whole] {
		return []chosen{{whole, name}}, ""
	}
	if there[index] {
		parts := regexp.MustCompile(`^` + regexp.QuoteMeta(shard) + `-(\d{5})-of-(\d{5})` + regexp.QuoteMeta(weights) + `$`)
		files := []chosen{{index, name + ".index.json"}}
		of := 0
		for _, other := range names {
			if m := parts.FindStringSubmatch(other); m != nil {
				files = append(files, chosen{other, other})
				of, _ = strconv.Atoi(m[2])
			}
		}
		if len(files) == 1 || len(files)-1 != of {
			return files, fmt.Sprintf("of the %d parts of %s there are %d", of, whole, len(files)-1)
		}
		return files, ""
	}
	return nil, noWeights(stem, whole, variant, names)
}

// noWeights says what a repository has in place of the weights.
func noWeights(stem, whole, variant string, names []string) string {
	text := "there is no " + whole
	var variants []string
	pickle := ""
	for _, other := range names {
		if path.Dir(other) != path.Dir(stem) {
			continue
		}
		if rest, ok := strings.CutPrefix(other, stem+"."); ok && strings.HasSuffix(rest, weights) {
			if v, _, _ := strings.Cut(strings.TrimSuffix(rest, weights), "-"); !slices.Contains(variants, v) {
				variants = append(variants, v)
			}
		}
		switch path.Ext(other) {
		case ".bin", ".pt", ".pth", ".ckpt":
			pickle = path.Base(other)
		}
	}
	switch {
	case slices.Contains(names, stem+weights) || slices.Contains(names, stem+weights+".index.json"):
		text += ", but there are weights without a variant: leave away ?variant=" + variant
	case len(variants) > 0:
		text += fmt.Sprintf(", but there is a variant: write ?variant=%s", variants[0])
	case pickle != "":
		text += fmt.Sprintf("; %s can run code when it is read, and is not fetched. A newer revision, or a pull request of the hub's converter (@refs/pr/N), may have safetensors", pickle)
	}
	return text
}
