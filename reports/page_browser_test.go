package reports

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"
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
func column(b *browser, title string) []string {
	b.t.Helper()
	return ask[[]string](b, fmt.Sprintf(`(() => {
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
	b := openBrowser(t)
	path := written(t, syntheticExperiment(t).judged(t))
	b.look(1280, "light")
	b.open(path)
	part := func(name string, test func(t *testing.T)) {
		t.Run(name, func(t *testing.T) {
			whole := b.t
			b.t = t
			defer func() { b.t = whole }()
			test(t)
		})
	}

	part("sorts", func(t *testing.T) {
		title := "FID ↓"
		before := column(b, title)
		head := fmt.Sprintf(`[...document.querySelectorAll("th")].find((head) => head.textContent === %q)`, title)
		ask[bool](b, head+`.firstChild.click(), true`)
		up := column(b, title)
		if got := ask[string](b, head+`.getAttribute("aria-sort")`); got != "ascending" {
			t.Errorf("aria-sort is %q", got)
		}
		// By the keyboard, down.
		ask[bool](b, head+`.firstChild.focus(), true`)
		b.do(chromedp.KeyEvent(kb.Enter))
		down := column(b, title)
		if got := ask[string](b, head+`.getAttribute("aria-sort")`); got != "descending" {
			t.Errorf("aria-sort is %q", got)
		}
		b.do(chromedp.KeyEvent(kb.Enter))
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

	part("numbers say more", func(t *testing.T) {
		ask[bool](b, `document.querySelector("td[data-tip]").focus(), true`)
		b.await(`!document.getElementById("tip").hidden`)
		said := ask[string](b, `document.getElementById("tip").textContent`)
		for _, word := range []string{"%", "[", "n 480", "interval: 95 %"} {
			if !strings.Contains(said, word) && !strings.Contains(said, strings.Replace(word, "480", "240", 1)) {
				t.Errorf("the tip %q lacks %q", said, word)
			}
		}
		first := ask[string](b, `document.activeElement.textContent`)
		b.do(chromedp.KeyEvent(kb.ArrowDown))
		if second := ask[string](b, `document.activeElement.tagName + document.activeElement.textContent`); second == "TD"+first || !strings.HasPrefix(second, "TD") {
			t.Errorf("the arrow goes from %q to %q", first, second)
		}
		if n := ask[int](b, `document.querySelector("tbody").querySelectorAll('td[tabindex="0"]').length`); n != 1 {
			t.Errorf("the tab key stops %d times in a table", n)
		}
		b.do(chromedp.KeyEvent(kb.Escape))
		b.await(`document.getElementById("tip").hidden`)
	})

	part("points of a plot say more", func(t *testing.T) {
		ask[bool](b, `document.querySelector('g.mark[tabindex="0"]').focus(), true`)
		b.await(`!document.getElementById("tip").hidden`)
		b.do(chromedp.KeyEvent(kb.ArrowRight))
		said := ask[string](b, `document.getElementById("tip").textContent`)
		if !strings.HasPrefix(said, "labelled: ") || !strings.Contains(said, "FID 7.9") {
			t.Errorf("the second point says %q", said)
		}
	})

	part("filters", func(t *testing.T) {
		shown := `[...document.querySelectorAll("article")].filter((row) => !row.hidden).length`
		set := func(name, value string) {
			ask[bool](b, fmt.Sprintf(`(() => { const field = document.querySelector("form.filter").elements[%q]; field.value = %q; field.dispatchEvent(new Event("input", { bubbles: true })); return true; })()`, name, value))
		}
		for _, c := range []struct {
			name, value string
			want        int
		}{{"text", "RED", 5}, {"text", "ring", 2}, {"category", "count", 5}, {"split", "unseen", 2}, {"verdict", "none", 1}, {"text", "no such words", 0}} {
			set(c.name, c.value)
			if got := ask[int](b, shown); got != c.want {
				t.Errorf("%s %q: %d rows, want %d", c.name, c.value, got, c.want)
			}
			if said := ask[string](b, `document.querySelector("form.filter output").textContent`); said != fmt.Sprintf("%d of 10 prompts", c.want) {
				t.Errorf("%s %q: the page says %q", c.name, c.value, said)
			}
			set(c.name, "")
		}
		set("verdict", "bad")
		set("model", "full")
		if n := ask[int](b, `document.querySelectorAll('.pic:not(.dim)').length`); n == 0 || n != ask[int](b, `document.querySelectorAll('.cell[data-model=full] .pic[data-verdict=bad]').length`) {
			t.Errorf("%d images are not faded", n)
		}
		ask[bool](b, `document.querySelector("form.filter").reset(), true`)
		b.await(shown + " === 10")
	})

	part("loads images as they come into view", func(t *testing.T) {
		b.open(path)
		later := `document.querySelectorAll("img[data-src]").length`
		if n := ask[int](b, later); n == 0 {
			t.Error("all images are loaded at once")
		}
		ask[bool](b, `(document.querySelectorAll("article")[9].scrollIntoView(), true)`)
		b.await(`!document.querySelectorAll("article")[9].querySelector("img[data-src]")`)
		b.await(`[...document.querySelectorAll("article")[9].querySelectorAll("img")].every((image) => image.complete && image.naturalWidth === 32)`)
	})

	part("enlarges", func(t *testing.T) {
		open := `document.getElementById("zoom").open`
		words := `document.querySelector("#zoom .words").textContent`
		pic := `document.querySelectorAll("article")[1].querySelectorAll(".pic")[2]`
		ask[bool](b, pic+`.focus(), true`)
		b.do(chromedp.KeyEvent(kb.Enter))
		b.await(open)
		first := ask[string](b, words)
		if first != ask[string](b, pic+`.getAttribute("aria-label")`) || !strings.HasPrefix(first, "base, image 3, seed 2; ") {
			t.Errorf("enlarged is %q", first)
		}
		if wide := ask[float64](b, `document.querySelector("#zoom .large img").getBoundingClientRect().width`); wide < 300 {
			t.Errorf("enlarged to %v pixels", wide)
		}
		if beside := ask[[]string](b, `[...document.querySelectorAll("#zoom .strip button")].map((button) => button.textContent.split(" · ")[0])`); !slices.Equal(beside, []string{"base", "labelled", "full"}) {
			t.Errorf("beside it are %q", beside)
		}
		b.do(chromedp.KeyEvent(kb.ArrowRight))
		if next := ask[string](b, words); !strings.HasPrefix(next, "base, image 4, ") {
			t.Errorf("right of %q is %q", first, next)
		}
		ask[bool](b, `document.querySelectorAll("#zoom .strip button")[2].click(), true`)
		if other := ask[string](b, words); !strings.HasPrefix(other, "full, image 4, ") {
			t.Errorf("the third model's is %q", other)
		}
		b.do(chromedp.KeyEvent(kb.Escape))
		b.await("!" + open)
		if !ask[bool](b, `document.activeElement.classList.contains("pic")`) {
			t.Error("the focus did not come back to an image")
		}
		ask[bool](b, pic+`.click(), true`)
		b.await(open)
		ask[bool](b, `document.querySelector("#zoom .close").click(), true`)
		b.await("!" + open)
	})

	part("fits its window", func(t *testing.T) {
		for _, width := range []int64{360, 768, 1280} {
			b.look(width, "light")
			b.open(path)
			if got := ask[int64](b, `Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)`); got > width {
				t.Errorf("in a window of %d pixels the page is %d wide", width, got)
			}
			ask[bool](b, `(document.querySelector(".pic").click(), true)`)
			if box := ask[[]float64](b, `(() => { const box = document.getElementById("zoom").getBoundingClientRect(); return [box.left, box.right, box.top, box.bottom]; })()`); box[0] < 0 || box[1] > float64(width) || box[2] < 0 || box[3] > 800 {
				t.Errorf("in a window of %d pixels an enlarged image takes %v", width, box)
			}
		}
	})

	part("is legible in light and dark", func(t *testing.T) {
		var grounds []string
		for _, scheme := range []string{"light", "dark"} {
			b.look(1280, scheme)
			b.open(path)
			grounds = append(grounds, ask[string](b, `getComputedStyle(document.body).backgroundColor`))
			var faint []string
			if err := json.Unmarshal([]byte(ask[string](b, contrast)), &faint); err != nil {
				t.Fatal(err)
			}
			for _, one := range faint {
				t.Errorf("%s: %s", scheme, one)
			}
		}
		if grounds[0] != "rgb(255, 255, 255)" || grounds[0] == grounds[1] {
			t.Errorf("grounds are %q", grounds)
		}
	})

	part("prints", func(t *testing.T) {
		b.look(1280, "dark")
		b.open(path)
		b.must(chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print", Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}}))
		if ground := ask[string](b, `getComputedStyle(document.body).backgroundColor`); ground != "rgb(255, 255, 255)" {
			t.Errorf("paper is %s", ground)
		}
		if shown := ask[bool](b, `[...document.querySelectorAll("nav, form.filter")].some((part) => part.getClientRects().length > 0)`); shown {
			t.Error("what nobody can press on paper is printed")
		}
		pdf, err := chromedp.Run(b.ctx, chromedp.PrintToPDF())
		if err != nil {
			t.Fatal(err)
		}
		if len(pdf) < 10_000 {
			t.Errorf("the print has %d bytes", len(pdf))
		}
		if ask[int](b, `document.querySelectorAll("img[data-src]").length`) > 0 {
			t.Error("images are missing on paper")
		}
		b.must(chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{}))
	})

	part("takes words for words", func(t *testing.T) {
		b.look(1280, "light")
		b.open(written(t, withHostileWords(t)))
		if ask[bool](b, `"broken" in window`) {
			t.Error("words of the run were run")
		}
		if !ask[bool](b, fmt.Sprintf(`document.querySelector("h1").textContent === %q`, hostile)) {
			t.Error("words of the run were changed")
		}
		ask[bool](b, `([...document.querySelectorAll("article")].find((row) => row.textContent.includes("window.broken")).querySelector(".pic").click(), true)`)
		if !ask[bool](b, fmt.Sprintf(`document.querySelector("#zoom h2").textContent === %q`, hostile)) || ask[bool](b, `"broken" in window`) {
			t.Error("a prompt was changed, or run")
		}
	})

	part("compares variants", func(t *testing.T) {
		b.look(360, "dark")
		b.open(written(t, syntheticAblation(t)))
		if n := ask[int](b, `document.querySelectorAll("table").length`); n < 3 {
			t.Errorf("%d tables", n)
		}
		if got := ask[int64](b, `document.documentElement.scrollWidth`); got > 360 {
			t.Errorf("the page is %d wide", got)
		}
		// Values of a variable are numbers, and come before words.
		head := `document.querySelector("thead th button")`
		ask[bool](b, head+`.click(), `+head+`.click(), true`)
		rows := ask[[]string](b, `[...document.querySelector("tbody").rows].map((row) => row.cells[0].firstChild.textContent.trim())`)
		if want := []string{"any", "2", "0.5", "0"}; !slices.Equal(rows, want) {
			t.Errorf("sorted down by the variable: %q, want %q", rows, want)
		}
	})
	b.quiet()

	part("is read without scripts", func(t *testing.T) {
		b.must(chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
		b.look(1280, "light")
		b.open(path)
		if n := ask[int](b, `document.querySelectorAll("table tbody tr").length`); n < 10 {
			t.Errorf("%d rows of tables", n)
		}
		if n := ask[int](b, `[...document.querySelectorAll("article img")].filter((image) => image.naturalWidth === 32).length`); n != firstImages*12 {
			t.Errorf("%d images, want those of the first %d prompts", n, firstImages)
		}
		if shown := ask[bool](b, `[...document.querySelectorAll(".script, #zoom, #tip, thead button")].some((part) => part.getClientRects().length > 0)`); shown {
			t.Error("what needs a script is shown")
		}
	})
}

// contrast lists the texts that stand out less than WCAG 2's 4.5 to 1 (success criterion
// 1.4.3, level AA) from what is behind them, as JSON.
const contrast = `(() => {
	const numbers = (color) => color.match(/[\d.]+/g).map(Number);
	const light = ([r, g, b]) => [r, g, b].map((c) => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; })
		.reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
	const ground = (node) => {
		for (; node; node = node.parentElement) {
			const color = numbers(getComputedStyle(node).backgroundColor);
			if (color.length === 3 || color[3] > 0) return color;
		}
		return [255, 255, 255];
	};
	const faint = new Set();
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walker.nextNode()) {
		const node = walker.currentNode.parentElement;
		if (!walker.currentNode.data.trim() || !node.getClientRects().length || node.closest("script, style, noscript")) continue;
		const style = getComputedStyle(node);
		const a = light(numbers(node.closest("svg") ? style.fill : style.color)), b = light(ground(node));
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		if (ratio < 4.5) faint.add(node.tagName + "." + node.className + " " + ratio.toFixed(2) + ": " + node.textContent.slice(0, 40));
	}
	return JSON.stringify([...faint].slice(0, 10));
})()`
