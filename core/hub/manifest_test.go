package hub

import (
	"fmt"
	"strings"
	"testing"
)

func TestHostileListing(t *testing.T) {
	file := func(name string, size int, blob, sha256 string) string {
		lfs := ""
		if sha256 != "" {
			lfs = fmt.Sprintf(`,"lfs":{"sha256":%q,"size":%d}`, sha256, size)
		}
		return fmt.Sprintf(`{"sha":%q,"siblings":[{"rfilename":%q,"size":%d,"blobId":%q%s}]}`, sha("1"), name, size, blob, lfs)
	}
	if m, err := parseListing([]byte(file("unet/config.json", 3, sha("a"), "")), "main"); err != nil || m.Files[0].etag() != sha("a") {
		t.Errorf("a good one: %+v, %v", m, err)
	}
	for name, text := range map[string]string{
		"no JSON":        `<html>`,
		"no commit":      `{"siblings":[]}`,
		"odd commit":     `{"sha":"../../../etc","siblings":[]}`,
		"parent":         file("../../.bashrc", 3, sha("a"), ""),
		"inner parent":   file("unet/../../x", 3, sha("a"), ""),
		"absolute":       file("/etc/passwd", 3, sha("a"), ""),
		"drive":          file(`C:\x`, 3, sha("a"), ""),
		"empty":          file("", 3, sha("a"), ""),
		"control":        file("a\x1b[2Jb", 3, sha("a"), ""),
		"negative":       file("x", -1, sha("a"), ""),
		"blob":           file("x", 3, "../x", ""),
		"no blob":        file("x", 3, "", ""),
		"large file":     file("x", 3, sha("a"), "../../x"),
		"large negative": file("x", -3, sha("a"), strings.Repeat("a", 64)),
	} {
		if m, err := parseListing([]byte(text), "main"); err == nil {
			t.Errorf("%s was taken: %+v", name, m)
		}
	}
}

func FuzzListing(f *testing.F) {
	f.Add([]byte(`{"sha":"` + sha("1") + `","siblings":[{"rfilename":"a/b","size":1,"blobId":"` + sha("a") + `","lfs":{"sha256":"x","size":2}}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := parseListing(text, "main")
		if err != nil {
			return
		}
		for _, file := range m.Files {
			if strings.Contains(file.Name, "..") && unsafe(file.Name) || strings.ContainsAny(file.etag(), "/.\\") || file.Size < 0 {
				t.Errorf("%+v was taken", file)
			}
		}
		choose([]string{"config.json", "model.safetensors", "?x"}, "fp16", m.names())
	})
}
