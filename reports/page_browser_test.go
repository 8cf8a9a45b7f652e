package reports

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"

	"github.com/plumb-ml/plumb/core/browsertest"
)

// written writes a made-up report and returns its page.
func written(t *testing.T, s *synthetic) string {
	t.Helper()
	dir := t.TempDir()
	if _, err := Write(context.Background(), dir, s.input()); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "index.html")
}

// column lists the texts of a column of the page's first table that has it.
func column(b *browsertest.Browser, title string) []string {
	return browsertest.Ask[[]string](b, fmt.Sprintf(`(() => {
		for (const table of document.querySelectorAll("table")) {
			const at = [...table.tHead.rows[0].cells].findIndex((head) => head.textContent === %q);
			if (at >= 0) return [...table.tBodies[0].rows].map((row) => row.cells[0].textContent + ": " + row.cells[at].textContent);
		}
		return [];
	})()`, title))
}

// TestPageInABrowser: what the page does where it is read.
func TestPageInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a browser")
	}
	b := browsertest.Open(t)
	path := written(t, syntheticExperiment(t).judged(t))
	b.Look(1280, "light")
	b.File(path)
	b.Part("sorts", func(t *testing.T) {
		title := "FID ↓"
		before := column(b, title)
		head := fmt.Sprintf(`[...document.querySelectorAll("th")].find((head) => head.textContent === %q)`, title)
		browsertest.Ask[bool](b, head+`.firstChild.click(), true`)
		up := column(b, title)
		if got := browsertest.Ask[string](b, head+`.getAttribute("aria-sort")`); got != "ascending" {
			t.Errorf("aria-sort is %q", got)
		}
		// By the keyboard, down.
		browsertest.Ask[bool](b, head+`.firstChild.focus(), true`)
		b.Do(chromedp.KeyEvent(kb.Enter))
		down := column(b, title)
		if got := browsertest.Ask[string](b, head+`.getAttribute("aria-sort")`); got != "descending" {
			t.Errorf("aria-sort is %q", got)
		}
		b.Do(chromedp.KeyEvent(kb.Enter))
		if diff := cmp.Diff(before, column(b, title)); diff != "" {
			t.Errorf("the third time it is not as it was:\n%s", diff)
		}
		// FID of base is 3.2, of full 4.1, of labelled 7.9, each but for 0.2.
		for i, name := range []string{"base", "full", "labelled"} {
			if !strings.HasPrefix(up[i], name) || !strings.HasPrefix(down[2-i], name) {
				t.Errorf("up %q, down %q", up, down)
			}
		}
	})

	b.Part("numbers say more", func(t *testing.T) {
		browsertest.Ask[bool](b, `document.querySelector("td[data-tip]").focus(), true`)
		b.Await(`!document.getElementById("tip").hidden`)
		said := browsertest.Ask[string](b, `document.getElementById("tip").textContent`)
		for _, word := range []string{"%", "[", "n 480", "interval: 95 %"} {
			if !strings.Contains(said, word) && !strings.Contains(said, strings.Replace(word, "480", "240", 1)) {
				t.Errorf("the tip %q lacks %q", said, word)
			}
		}
		first := browsertest.Ask[string](b, `document.activeElement.textContent`)
		b.Do(chromedp.KeyEvent(kb.ArrowDown))
		if second := browsertest.Ask[string](b, `document.activeElement.tagName + document.activeElement.textContent`); second == "TD"+first || !strings.HasPrefix(second, "TD") {
			t.Errorf("the arrow goes from %q to %q", first, second)
		}
		if n := browsertest.Ask[int](b, `document.querySelector("tbody").querySelectorAll('td[tabindex="0"]').length`); n != 1 {
			t.Errorf("the tab key stops %d times in a table", n)
		}
		b.Do(chromedp.KeyEvent(kb.Escape))
		b.Await(`document.getElementById("tip").hidden`)
	})

	b.Part("points of a plot say more", func(t *testing.T) {
		browsertest.Ask[bool](b, `document.querySelector('g.mark[tabindex="0"]').focus(), true`)
		b.Await(`!document.getElementById("tip").hidden`)
		b.Do(chromedp.KeyEvent(kb.ArrowRight))
		said := browsertest.Ask[string](b, `document.getElementById("tip").textContent`)
		if !strings.HasPrefix(said, "labelled: ") || !strings.Contains(said, "FID 7.9") {
			t.Errorf("the second point says %q", said)
		}
	})

	b.Part("filters", func(t *testing.T) {
		shown := `[...document.querySelectorAll("article")].filter((row) => !row.hidden).length`
		set := func(name, value string) {
			browsertest.Ask[bool](b, fmt.Sprintf(`(() => { const field = document.querySelector("form.filter").elements[%q]; field.value = %q; field.dispatchEvent(new Event("input", { bubbles: true })); return true; })()`, name, value))
		}
		for _, c := range []struct {
			name, value string
			want        int
		}{{"text", "RED", 5}, {"text", "ring", 2}, {"category", "count", 5}, {"split", "unseen", 2}, {"verdict", "none", 1}, {"text", "no such words", 0}} {
			set(c.name, c.value)
			if got := browsertest.Ask[int](b, shown); got != c.want {
				t.Errorf("%s %q: %d rows, want %d", c.name, c.value, got, c.want)
			}
			if said := browsertest.Ask[string](b, `document.querySelector("form.filter output").textContent`); said != fmt.Sprintf("%d of 10 prompts", c.want) {
				t.Errorf("%s %q: the page says %q", c.name, c.value, said)
			}
			set(c.name, "")
		}
		set("verdict", "bad")
		set("model", "full")
		if n := browsertest.Ask[int](b, `document.querySelectorAll('.pic:not(.dim)').length`); n == 0 || n != browsertest.Ask[int](b, `document.querySelectorAll('.cell[data-model=full] .pic[data-verdict=bad]').length`) {
			t.Errorf("%d images are not faded", n)
		}
		browsertest.Ask[bool](b, `document.querySelector("form.filter").reset(), true`)
		b.Await(shown + " === 10")
	})

	b.Part("loads images as they come into view", func(t *testing.T) {
		b.File(path)
		later := `document.querySelectorAll("img[data-src]").length`
		if n := browsertest.Ask[int](b, later); n == 0 {
			t.Error("all images are loaded at once")
		}
		browsertest.Ask[bool](b, `(document.querySelectorAll("article")[9].scrollIntoView(), true)`)
		b.Await(`!document.querySelectorAll("article")[9].querySelector("img[data-src]")`)
		b.Await(`[...document.querySelectorAll("article")[9].querySelectorAll("img")].every((image) => image.complete && image.naturalWidth === 32)`)
	})

	b.Part("enlarges", func(t *testing.T) {
		open := `document.getElementById("zoom").open`
		words := `document.querySelector("#zoom .words").textContent`
		pic := `document.querySelectorAll("article")[1].querySelectorAll(".pic")[2]`
		browsertest.Ask[bool](b, pic+`.focus(), true`)
		b.Do(chromedp.KeyEvent(kb.Enter))
		b.Await(open)
		first := browsertest.Ask[string](b, words)
		if first != browsertest.Ask[string](b, pic+`.getAttribute("aria-label")`) || !strings.HasPrefix(first, "base, image 3, seed 2; ") {
			t.Errorf("enlarged is %q", first)
		}
		if wide := browsertest.Ask[float64](b, `document.querySelector("#zoom .large img").getBoundingClientRect().width`); wide < 300 {
			t.Errorf("enlarged to %v pixels", wide)
		}
		if beside := browsertest.Ask[[]string](b, `[...document.querySelectorAll("#zoom .strip button")].map((button) => button.textContent.split(" · ")[0])`); !slices.Equal(beside, []string{"base", "labelled", "full"}) {
			t.Errorf("beside it are %q", beside)
		}
		b.Do(chromedp.KeyEvent(kb.ArrowRight))
		if next := browsertest.Ask[string](b, words); !strings.HasPrefix(next, "base, image 4, ") {
			t.Errorf("right of %q is %q", first, next)
		}
		browsertest.Ask[bool](b, `document.querySelectorAll("#zoom .strip button")[2].click(), true`)
		if other := browsertest.Ask[string](b, words); !strings.HasPrefix(other, "full, image 4, ") {
			t.Errorf("the third model's is %q", other)
		}
		b.Do(chromedp.KeyEvent(kb.Escape))
		b.Await("!" + open)
		if !browsertest.Ask[bool](b, `document.activeElement.classList.contains("pic")`) {
			t.Error("the focus did not come back to an image")
		}
		browsertest.Ask[bool](b, pic+`.click(), true`)
		b.Await(open)
		browsertest.Ask[bool](b, `document.querySelector("#zoom .close").click(), true`)
		b.Await("!" + open)
	})

	b.Part("fits its window", func(t *testing.T) {
		for _, width := range []int64{360, 768, 1280} {
			b.Look(width, "light")
			b.File(path)
			if got := browsertest.Ask[int64](b, `Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)`); got > width {
				t.Errorf("in a window of %d pixels the page is %d wide", width, got)
			}
			browsertest.Ask[bool](b, `(document.querySelector(".pic").click(), true)`)
			if box := browsertest.Ask[[]float64](b, `(() => { const box = document.getElementById("zoom").getBoundingClientRect(); return [box.left, box.right, box.top, box.bottom]; })()`); box[0] < 0 || box[1] > float64(width) || box[2] < 0 || box[3] > 800 {
				t.Errorf("in a window of %d pixels an enlarged image takes %v", width, box)
			}
		}
	})

	b.Part("is legible in light and dark", func(t *testing.T) {
		var grounds []string
		for _, scheme := range []string{"light", "dark"} {
			b.Look(1280, scheme)
			b.File(path)
			grounds = append(grounds, browsertest.Ask[string](b, `getComputedStyle(document.body).backgroundColor`))
			b.Legible(t)
		}
		if grounds[0] != "rgb(255, 255, 255)" || grounds[0] == grounds[1] {
			t.Errorf("grounds are %q", grounds)
		}
	})

	b.Part("prints", func(t *testing.T) {
		b.Look(1280, "dark")
		b.File(path)
		b.Must(chromedp.Call(b.Ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print", Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}}))
		if ground := browsertest.Ask[string](b, `getComputedStyle(document.body).backgroundColor`); ground != "rgb(255, 255, 255)" {
			t.Errorf("paper is %s", ground)
		}
		if shown := browsertest.Ask[bool](b, `[...document.querySelectorAll("nav, form.filter")].some((part) => part.getClientRects().length > 0)`); shown {
			t.Error("what nobody can press on paper is printed")
		}
		pdf, err := chromedp.Run(b.Ctx, chromedp.PrintToPDF())
		if err != nil {
			t.Fatal(err)
		}
		if len(pdf) < 10_000 {
			t.Errorf("the print has %d bytes", len(pdf))
		}
		if browsertest.Ask[int](b, `document.querySelectorAll("img[data-src]").length`) > 0 {
			t.Error("images are missing on paper")
		}
		b.Must(chromedp.Call(b.Ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{}))
	})

	b.Part("takes words for words", func(t *testing.T) {
		b.Look(1280, "light")
		b.File(written(t, withHostileWords(t)))
		if browsertest.Ask[bool](b, `"broken" in window`) {
			t.Error("words of the run were run")
		}
		if !browsertest.Ask[bool](b, fmt.Sprintf(`document.querySelector("h1").textContent === %q`, hostile)) {
			t.Error("words of the run were changed")
		}
		browsertest.Ask[bool](b, `([...document.querySelectorAll("article")].find((row) => row.textContent.includes("window.broken")).querySelector(".pic").click(), true)`)
		if !browsertest.Ask[bool](b, fmt.Sprintf(`document.querySelector("#zoom h2").textContent === %q`, hostile)) || browsertest.Ask[bool](b, `"broken" in window`) {
			t.Error("a prompt was changed, or run")
		}
	})

	b.Part("compares variants", func(t *testing.T) {
		b.Look(360, "dark")
		b.File(written(t, syntheticAblation(t)))
		if n := browsertest.Ask[int](b, `document.querySelectorAll("table").length`); n < 3 {
			t.Errorf("%d tables", n)
		}
		if got := browsertest.Ask[int64](b, `document.documentElement.scrollWidth`); got > 360 {
			t.Errorf("the page is %d wide", got)
		}
		// Values of a variable are numbers, and come before words.
		head := `document.querySelector("thead th button")`
		browsertest.Ask[bool](b, head+`.click(), `+head+`.click(), true`)
		rows := browsertest.Ask[[]string](b, `[...document.querySelector("tbody").rows].map((row) => row.cells[0].firstChild.textContent.trim())`)
		if want := []string{"any", "2", "0.5", "0"}; !slices.Equal(rows, want) {
			t.Errorf("sorted down by the variable: %q, want %q", rows, want)
		}
	})
	b.Quiet("file:")

	b.Part("is read without scripts", func(t *testing.T) {
		b.Must(chromedp.Call(b.Ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
		b.Look(1280, "light")
		b.File(path)
		if n := browsertest.Ask[int](b, `document.querySelectorAll("table tbody tr").length`); n < 10 {
			t.Errorf("%d rows of tables", n)
		}
		if n := browsertest.Ask[int](b, `[...document.querySelectorAll("article img")].filter((image) => image.naturalWidth === 32).length`); n != firstImages*12 {
			t.Errorf("%d images, want those of the first %d prompts", n, firstImages)
		}
		if shown := browsertest.Ask[bool](b, `[...document.querySelectorAll(".script, #zoom, #tip, thead button")].some((part) => part.getClientRects().length > 0)`); shown {
			t.Error("what needs a script is shown")
		}
	})
}
