package gitlfs

import (
	"strings"
	"testing"
)

func TestIsPointer(t *testing.T) {
	pointer := []byte("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n")
	if !IsPointer(pointer) || !IsPointer(pointer[:50]) || !Whole(pointer) {
		t.Error("a pointer is not known")
	}
	for _, other := range []string{"", "version", "version https://example.com/spec/v1\n", " " + string(pointer)} {
		if IsPointer([]byte(other)) || Whole([]byte(other)) {
			t.Errorf("%q is taken for a pointer", other)
		}
	}
	if Whole(append(pointer, make([]byte, largest)...)) {
		t.Error("a large file is taken for a pointer")
	}
	if text := (Error{}).Error(); !strings.Contains(text, "git lfs pull") {
		t.Errorf("no way out: %s", text)
	}
}
