package plumb_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	pageLink = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading  = regexp.MustCompile(`(?m)^#+ (.*)$`)
	unlinked = regexp.MustCompile("[^\\w\\- ]")
)

// A page's links lead to files that are here, and to headings that these have.
func TestLinks(t *testing.T) {
	listed, err := exec.Command("git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md").Output()
	if err != nil {
		t.Skipf("the pages are not in a checkout of git: %v", err)
	}
	checked := 0
	for _, page := range strings.Fields(string(listed)) {
		if strings.Contains(page, "testdata/") {
			continue
		}
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range pageLink.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(match[1], "://") {
				continue
			}
			path, anchor, _ := strings.Cut(match[1], "#")
			target := page
			if path != "" {
				target = filepath.Join(filepath.Dir(page), path)
			}
			checked++
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s leads to %s, which is not there", page, match[1])
				continue
			}
			if anchor == "" {
				continue
			}
			of, err := os.ReadFile(target)
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, title := range heading.FindAllStringSubmatch(string(of), -1) {
				name := strings.ReplaceAll(unlinked.ReplaceAllString(strings.ToLower(title[1]), ""), " ", "-")
				found = found || name == anchor
			}
			if !found {
				t.Errorf("%s leads to %s, and there is no such heading", page, match[1])
			}
		}
	}
	if checked < 50 {
		t.Errorf("only %d links were found", checked)
	}
}
