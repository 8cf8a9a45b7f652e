package server

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/plumb-ml/plumb/core/browsertest"
	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/labelling/queue"
)

// Parts of a rater's page.
const (
	aboutOpen = `document.getElementById("about")?.open`
	prompt    = `document.querySelector("#place .prompt")?.textContent`
	inFocus   = `document.activeElement.getAttribute("aria-label")`
	onNow     = `[...document.querySelectorAll(".card")].findIndex((card) => card.classList.contains("on"))`
	loaded    = `[...document.querySelectorAll(".card img")].length && [...document.querySelectorAll(".card img")].every((image) => image.complete && image.naturalWidth)`
	finished  = `!document.getElementById("wait").hidden && document.getElementById("wait-title").textContent === "All is judged"`
)

// begin opens a rater's link and closes the instructions.
func begin(b *browsertest.Browser, link string) {
	b.Forget()
	b.Go(link)
	b.Await(aboutOpen)
	b.Press(kb.Escape)
	b.Await("!" + aboutOpen)
	b.Await(loaded)
}

// wait waits until the database has as many judgements that stand.
func (h *house) wait(count int) []people.Judgement {
	h.t.Helper()
	for range 200 {
		if all := h.judgements(); len(all) == count {
			return all
		}
		time.Sleep(50 * time.Millisecond)
	}
	h.t.Fatalf("the database has %d judgements, want %d", len(h.judgements()), count)
	return nil
}

// said counts the answers to an aspect.
func said(judgements []people.Judgement, aspect string) map[string]int {
	words := map[string]int{}
	for _, j := range judgements {
		words[j.Answers[aspect]]++
	}
	return words
}

// TestRaterInABrowser: what raters do, by keyboard, mouse and touch.
func TestRaterInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a browser")
	}
	b := browsertest.Open(t)
	b.Look(1280, "light")

	b.Part("a batch by the keyboard", func(t *testing.T) {
		h := open(t)
		h.ask(rating(h.rated(6, 256)))
		begin(b, h.link("ana"))
		if focus := browsertest.Ask[string](b, inFocus); focus != "Image 1 of 3: not judged yet" {
			t.Errorf("the focus is on %q", focus)
		}
		b.Press("g")
		if focus := browsertest.Ask[string](b, inFocus); focus != "Image 2 of 3: not judged yet" {
			t.Errorf("after an answer the focus is on %q", focus)
		}
		if words := browsertest.Ask[string](b, `document.getElementById("said").textContent`); words != "Image 1: good." {
			t.Errorf("who cannot see is told %q", words)
		}
		if pressed := browsertest.Ask[string](b, `document.querySelector('.card [aria-pressed="true"]').dataset.answer`); pressed != "good" {
			t.Errorf("pressed is %q", pressed)
		}
		b.Press("3", "b", "s") // out of order: the second is left
		h.wait(3)
		b.Await(loaded)
		if n := browsertest.Ask[int](b, onNow); n != 0 {
			t.Errorf("on the next screen image %d is in turn", n+1)
		}
		b.Press(kb.ArrowRight, kb.ArrowRight, "b", "g", "g")
		all := h.wait(6)
		if words := said(all, people.Alignment); words["good"] != 3 || words["bad"] != 2 || words["skip"] != 1 {
			t.Errorf("%v", words)
		}
		for _, j := range all {
			if j.Duration <= 0 || j.Duration > time.Minute {
				t.Errorf("it took %v", j.Duration)
			}
		}
		// Keys with others pressed, held keys, and keys of somebody who wants none.
		browsertest.Ask[bool](b, `["ctrlKey", "metaKey", "altKey", "repeat"].every((held) => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "g", [held]: true, bubbles: true })))`)
		b.Press("?")
		b.Await(aboutOpen)
		b.Press("g")
		b.Click(`document.getElementById("single")`)
		b.Press(kb.Escape)
		b.Await("!" + aboutOpen)
		b.Press("g")
		time.Sleep(200 * time.Millisecond)
		if n := len(h.judgements()); n != 6 {
			t.Errorf("%d judgements, want 6", n)
		}
		b.Press("?")
		if browsertest.Ask[bool](b, aboutOpen) {
			t.Error("a single key acts although they are off")
		}
		// By tab and enter alone, and to the end.
		for n := 7; n <= 18; n++ {
			b.Press(kb.Tab) // report
			b.Press(kb.Tab, kb.Enter)
			h.wait(n)
		}
		b.Await(finished)
		b.Picture("done")
		b.Quiet(h.http.URL)
	})

	b.Part("the next screen is there at once", func(t *testing.T) {
		h := open(t)
		h.ask(rating(h.rated(14, 512)))
		begin(b, h.link("ana"))
		b.Await(`document.getElementById("count").textContent.includes("0 judged")`)
		// From a key to the frame in which the next images are drawn, all loaded.
		slow := browsertest.Ask[[]float64](b, `(async () => {
			const wait = (ms) => new Promise((done) => setTimeout(done, ms));
			const frame = () => new Promise((done) => requestAnimationFrame(done));
			const times = [];
			for (let n = 0; n < 24; n++) {
				await wait(150);
				const start = performance.now();
				document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "gb"[n % 2], bubbles: true }));
				for (;;) {
					await frame();
					const images = [...document.querySelectorAll(".card img")];
					if (images.length && images.every((image) => image.complete && image.naturalWidth)) break;
				}
				times.push(performance.now() - start);
			}
			return times.sort((a, b) => a - b);
		})()`)
		t.Logf("from an answer to the next image: median %.0f ms, longest %.0f ms", slow[len(slow)/2], slow[len(slow)-1])
		if slow[len(slow)/2] >= 100 {
			t.Errorf("from an answer to the next image it takes %.0f ms", slow)
		}
		h.wait(24)
	})

	b.Part("mouse, skip, undo", func(t *testing.T) {
		h := open(t)
		h.ask(rating(h.rated(2, 32)))
		begin(b, h.link("ana"))
		first := browsertest.Ask[string](b, prompt)
		button := func(card int, word string) string {
			return fmt.Sprintf(`document.querySelectorAll(".card")[%d].querySelector('[data-answer="%s"]')`, card, word)
		}
		b.Click(button(1, "bad"))
		b.Click(button(0, "good"))
		b.Click(button(0, "skip")) // thought better of it
		b.Click(button(2, "good"))
		b.Await(prompt + fmt.Sprintf(" !== %q", first))
		all := h.wait(3)
		if words := said(all, people.Alignment); words["good"] != 1 || words["bad"] != 1 || words["skip"] != 1 {
			t.Errorf("%v", words)
		}
		b.Click(`document.getElementById("undo")`)
		b.Await(prompt + fmt.Sprintf(" === %q", first))
		h.wait(2)
		if n := browsertest.Ask[int](b, onNow); n != 2 {
			t.Errorf("image %d is in turn, want 3: %q", n+1, browsertest.Ask[[]string](b, `[...document.querySelectorAll(".card")].map((card) => card.getAttribute("aria-label"))`))
		}
		b.Press("u", "u") // and those before
		h.wait(0)
		if browsertest.Ask[bool](b, `!document.getElementById("undo").disabled`) {
			t.Error("there is something to undo still")
		}
		b.Press("g", "g", "g")
		h.wait(3)
		if words := said(h.judgements(), people.Alignment); words["good"] != 3 {
			t.Errorf("%v", words)
		}
		b.Quiet(h.http.URL)
	})

	b.Part("touch, on a phone", func(t *testing.T) {
		h := open(t)
		h.ask(rating(h.rated(2, 32)))
		b.Must(chromedp.Call(b.Ctx, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: true}))
		b.Look(390, "light")
		defer func() {
			b.Must(chromedp.Call(b.Ctx, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{}))
			b.Look(1280, "light")
		}()
		b.Go(h.link("ana"))
		b.Await(aboutOpen)
		b.Touch(`document.querySelector("#about .begin")`)
		b.Await("!" + aboutOpen)
		b.Await(loaded)
		b.Touch(`document.querySelectorAll(".card")[1]`)
		b.Await(onNow + " === 1")
		for _, word := range []string{"bad", "good", "skip"} {
			b.Touch(fmt.Sprintf(`document.querySelector('.card.on [data-answer="%s"]')`, word))
		}
		all := h.wait(3)
		if words := said(all, people.Alignment); words["good"] != 1 || words["bad"] != 1 || words["skip"] != 1 {
			t.Errorf("%v", words)
		}
		if high := browsertest.Ask[float64](b, `document.querySelector(".card.on .answers button").getBoundingClientRect().height`); high < 44 {
			t.Errorf("a button for a thumb is %v pixels high", high)
		}
	})

	b.Part("a reload in the middle", func(t *testing.T) {
		h := open(t)
		h.ask(rating(h.rated(3, 32)))
		begin(b, h.link("ana"))
		b.Press("g", "b")
		h.wait(2)
		look := `JSON.stringify([document.querySelector("#place .prompt").textContent, [...document.querySelectorAll(".card img")].map((image) => new URL(image.src).pathname), [...document.querySelectorAll(".card")].map((card) => card.getAttribute("aria-label"))])`
		before := browsertest.Ask[string](b, look)
		b.Do(chromedp.Reload())
		b.Await(`document.querySelector("#place .prompt")`)
		if after := browsertest.Ask[string](b, look); after != before {
			t.Errorf("before %s\nafter  %s", before, after)
		}
		if browsertest.Ask[bool](b, aboutOpen) {
			t.Error("the instructions open again")
		}
		b.Press("u") // of before the reload
		h.wait(1)
		b.Await(`[...document.querySelectorAll(".card [aria-pressed=true]")].length === 1`)
		b.Quiet(h.http.URL)
	})

	b.Part("two raters at once", func(t *testing.T) {
		h := open(t)
		h.ask(rating(h.rated(3, 32)))
		other := b.Another()
		other.Look(1280, "dark")
		begin(b, h.link("ana"))
		begin(other, h.link("ben"))
		for range 9 {
			b.Press("g")
			other.Press("b")
		}
		h.wait(18)
		b.Await(finished)
		other.Await(finished)
		of := map[string]int{}
		for _, j := range h.judgements() {
			of[j.Rater+" "+j.Answers[people.Alignment]]++
		}
		if of["ana good"] != 9 || of["ben bad"] != 9 {
			t.Errorf("%v", of)
		}
	})

	b.Part("another link in the same browser", func(t *testing.T) {
		h := open(t)
		h.ask(rating(h.rated(3, 32)))
		ana, ben := h.link("ana"), h.link("ben")
		begin(b, ana)
		// As if it were opened in another tab: the cookie is ben's, the page still ana's.
		browsertest.Ask[bool](b, fmt.Sprintf(`fetch(%q).then((answer) => answer.ok)`, strings.TrimPrefix(ben, h.http.URL)))
		b.Press("g")
		b.Await(`document.getElementById("wait-text").textContent.includes("another link was opened")`)
		if n := len(h.judgements()); n != 0 {
			t.Errorf("%d judgements of nobody", n)
		}
		b.Go(ana)
		b.Await(`document.getElementById("count")?.textContent.includes("1 judged")`)
		if all := h.wait(1); all[0].Rater != "ana" {
			t.Errorf("it is %s's", all[0].Rater)
		}
		b.Forget()
	})

	b.Part("from a link on another site", func(t *testing.T) {
		h := open(t)
		h.ask(rating(h.rated(1, 32)))
		mail := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprintf(w, "<a href=%q>label, please</a>", h.link("ana"))
		}))
		defer mail.Close()
		b.Go(strings.Replace(mail.URL, "127.0.0.1", "localhost", 1))
		b.Click(`document.querySelector("a")`)
		b.Await(aboutOpen)
	})

	b.Part("pairs", func(t *testing.T) {
		h := open(t)
		h.ask(comparing(h.several(4, 2, 64)))
		begin(b, h.link("ana"))
		asks := `document.querySelector(".asks").textContent`
		if words := browsertest.Ask[string](b, asks); words != "Which image shows better what the text says?" {
			t.Errorf("asked is %q", words)
		}
		b.Press(kb.ArrowLeft)
		if words := browsertest.Ask[string](b, asks); words != "Which image looks more real and better made?" {
			t.Errorf("asked is %q", words)
		}
		b.Press("u") // back to the first question
		if words := browsertest.Ask[string](b, asks); words != "Which image shows better what the text says?" {
			t.Errorf("after undo asked is %q", words)
		}
		b.Press("2", kb.ArrowDown)
		j := h.wait(1)[0]
		right := people.First
		if j.Shown[1] == j.Images[1] {
			right = people.Second
		}
		if j.Answers[people.Alignment] != right || j.Answers[people.Fidelity] != people.Tie {
			t.Errorf("%v of %v shown as %v", j.Answers, j.Images, j.Shown)
		}
		b.Await(loaded)
		b.Click(`document.querySelector('[data-answer="tie"]')`)
		b.Click(`document.querySelector('[data-answer="skip"]')`)
		if j := h.wait(2)[1]; j.Answers[people.Alignment] != people.Tie || j.Answers[people.Fidelity] != people.Skip {
			t.Errorf("%v", j.Answers)
		}
		b.Quiet(h.http.URL)
	})

	b.Part("ranking", func(t *testing.T) {
		h := open(t)
		h.ask(ranking(h.several(3, 4, 64)))
		begin(b, h.link("ana"))
		b.Press("3", "1", "u", "2", "4") // the last one follows
		b.Await(`!document.querySelector(".shared .begin").disabled`)
		if n := len(h.judgements()); n != 0 {
			t.Error("it is sent before it is done")
		}
		b.Press(kb.Enter)
		j := h.wait(1)[0]
		// Shown order 3, 2, 4, 1 by the images' own order.
		var want []string
		for _, place := range []int{3, 2, 4, 1} {
			want = append(want, fmt.Sprint(1+slices.Index(j.Images, j.Shown[place-1])))
		}
		if j.Answers[people.Alignment] != strings.Join(want, ",") {
			t.Errorf("%v of %v shown as %v", j.Answers, j.Images, j.Shown)
		}
		b.Await(loaded)
		for _, card := range []int{1, 0, 3} {
			b.Click(fmt.Sprintf(`document.querySelectorAll(".card")[%d].querySelector(".place-of")`, card))
		}
		b.Click(`document.querySelector(".shared .begin")`)
		h.wait(2)
		b.Quiet(h.http.URL)
	})

	b.Part("report", func(t *testing.T) {
		h := open(t)
		h.ask(rating(h.rated(1, 32)))
		begin(b, h.link("ana"))
		flag := `document.querySelectorAll(".card")[1].querySelector(".flag")`
		b.Click(flag)
		b.Await(`document.getElementById("unsafe").open`)
		b.Press(kb.Escape)
		b.Await(`!document.getElementById("unsafe").open`)
		b.Press("g") // of the one in focus, whatever was thought of
		b.Click(flag)
		b.Click(`document.querySelector('#unsafe [value="report"]')`)
		b.Await(`document.querySelectorAll(".card").length === 2`)
		reports, err := h.database.Reports(t.Context())
		if err != nil || len(reports) != 1 || reports[0].Reason != "other" {
			t.Errorf("%v %v", reports, err)
		}
	})
}

// TestWords: what prompts, instructions, categories, names and reasons say is text, whatever
// it looks like.
func TestWords(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a browser")
	}
	b := browsertest.Open(t)
	b.Look(1280, "light")
	hostile := `<img src=x onerror="window.broken=1"></script><script>window.broken=1</script>"'` + "`${window.broken=1}`"
	h := open(t, func(o *Options) { o.Title, o.Notice = hostile, hostile })
	items := h.rated(2, 32)
	for i := range items {
		items[i].Prompt, items[i].Category = hostile, hostile
	}
	asked := rating(items)
	asked.Gold, asked.Instructions = gold(items), hostile
	h.ask(asked)
	begin(b, h.link("<b>ana</b>"))
	if got := browsertest.Ask[string](b, prompt); got != hostile {
		t.Errorf("the prompt is %q", got)
	}
	b.Press("?", kb.Escape, "g")
	h.wait(1)
	b.Quiet(h.http.URL)
	p := h.rater("ben")
	p.call("report", reportAsked{p.next(1).Screens[0].Tasks[0].Images[0], hostile}, nil)
	b.Go(h.http.URL + h.server.ExperimenterPath())
	b.Await(`document.querySelector(".reported .said")`)
	if got := browsertest.Ask[string](b, `document.querySelector(".reported .said").textContent`); got != "ben: "+hostile {
		t.Errorf("the report says %q", got)
	}
	b.Quiet(h.http.URL)
	if browsertest.Ask[bool](b, `"broken" in window`) {
		t.Error("words were run")
	}
}

// TestScreenReader: what Chromium tells a screen reader has a name for all that can be
// pressed or seen, one heading of the first level, and places that speak.
func TestScreenReader(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a browser")
	}
	b := browsertest.Open(t)
	for _, kind := range []string{"rate", "compare", "rank", "experiment"} {
		b.Part(kind, func(t *testing.T) {
			h := open(t)
			asked := rating(h.rated(2, 32))
			switch kind {
			case "compare":
				asked = comparing(h.several(2, 2, 32))
			case "rank":
				asked = ranking(h.several(2, 4, 32))
			}
			h.ask(asked)
			if kind == "experiment" {
				h.link("ana")
				b.Go(h.http.URL + h.server.ExperimenterPath())
				b.Await(`document.querySelector("[data-copy]")`)
			} else {
				begin(b, h.link("ana"))
			}
			b.Must(chromedp.Call(b.Ctx, accessibility.Enable, cdp.Empty{}))
			tree, err := chromedp.Call(b.Ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
			b.Must(nil, err)
			count := map[string]int{}
			for _, node := range tree.Nodes {
				if node.Ignored || node.Role == nil {
					continue
				}
				role, name := fmt.Sprint(axValue(node.Role)), ""
				if node.Name != nil {
					name = fmt.Sprint(axValue(node.Name))
				}
				count[role]++
				switch role {
				case "button", "link", "image", "img", "group", "progressbar", "ProgressIndicator", "textbox", "checkbox", "dialog", "heading", "table", "columnheader":
					if strings.TrimSpace(name) == "" {
						t.Errorf("a %s has no name", role)
					}
				}
			}
			if count["button"] < 2 || count["heading"] < 1 || count["status"] < 1 || count["main"] != 1 {
				t.Errorf("roles: %v", count)
			}
			if n := browsertest.Ask[int](b, `[...document.querySelectorAll("h1")].filter((head) => head.getClientRects().length).length`); n != 1 {
				t.Errorf("%d headings of the first level", n)
			}
			if language := browsertest.Ask[string](b, `document.documentElement.lang`); language != "en" {
				t.Errorf("language %q", language)
			}
		})
	}
}

// axValue is a value of the accessibility tree.
func axValue(v *accessibility.Value) any {
	var value any
	if json.Unmarshal(v.Value, &value) != nil {
		return nil
	}
	return value
}

// TestConnectionLost: what is answered while the server is away is kept, also over a
// reload of another page in its place, and sent when it is back; the page says so.
func TestConnectionLost(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a browser")
	}
	b := browsertest.Open(t)
	b.Look(1280, "light")
	h := open(t)
	asked := rating(h.rated(3, 32))
	h.ask(asked)
	begin(b, h.link("ana"))
	b.Await(`document.getElementById("count").textContent.includes("0 judged")`)
	b.Press("g")
	h.wait(1)
	h.away.Store(true)
	b.Press("g", "g", "b", "b")
	b.Await(`!document.getElementById("trouble").hidden && document.getElementById("trouble").textContent.includes("kept in this browser")`)
	if n := browsertest.Ask[int](b, `Object.keys(localStorage).filter((key) => key.includes(":op:")).length`); n != 4 {
		t.Errorf("%d answers are kept, want 4", n)
	}
	b.Picture("lost")
	if n := len(h.judgements()); n != 1 {
		t.Errorf("%d judgements", n)
	}
	// The server is another process after that, with the same database.
	h.serve()
	h.ask(asked)
	h.away.Store(false)
	h.wait(5)
	b.Await(`document.getElementById("trouble").hidden`)
	b.Await(`document.getElementById("count").textContent.includes("5 judged")`)
	if words := said(h.judgements(), people.Alignment); words["good"] != 3 || words["bad"] != 2 {
		t.Errorf("%v", words)
	}
	b.Press("b", "b", "b", "b")
	h.wait(9)
	b.Await(finished)
	// More comes while the page waits.
	h.ask(rating(h.rated(4, 32)))
	b.Await(`!document.getElementById("place").hidden && document.querySelector(".card")`)
}

// TestAnyOrder: whatever a rater presses, and however often the connection breaks, the
// server is started anew and the page is loaded again meanwhile, in the end every item has
// one answer, which is the last that the page showed.
func TestAnyOrder(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a browser")
	}
	b := browsertest.Open(t)
	b.Look(1280, "light")
	for seed := range uint64(3) {
		b.Part(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 18))
			h := open(t)
			asked := rating(h.rated(5, 32))
			asked.Raters = 1
			h.ask(asked)
			begin(b, h.link("ana"))
			for range 60 {
				switch n := random.IntN(20); {
				case n < 14:
					b.Press([]string{"g", "b", "s", "u", "u", "1", "2", "3", kb.ArrowRight, "g", "b"}[random.IntN(11)])
				case n < 16:
					b.Click(fmt.Sprintf(`[...document.querySelectorAll(".card:not(.on) [data-answer=bad]")].at(%d) || document.getElementById("main")`, random.IntN(2)))
				case n < 18:
					h.away.Store(!h.away.Load())
				case n < 19:
					h.serve()
					h.ask(asked)
				case !h.away.Load():
					b.Do(chromedp.Reload())
					b.Await(`document.querySelector("#place .prompt") || !document.getElementById("wait").hidden`)
				}
				time.Sleep(time.Duration(random.IntN(60)) * time.Millisecond)
			}
			h.away.Store(false)
			for range 100 {
				if browsertest.Ask[bool](b, finished) && len(h.judgements()) == 15 {
					break
				}
				b.Press("g")
				time.Sleep(100 * time.Millisecond)
			}
			b.Await(finished)
			of := map[string]int{}
			for _, j := range h.wait(15) {
				of[j.Item]++
			}
			if len(of) != 15 {
				t.Errorf("%d items have an answer", len(of))
			}
			b.Await(`document.getElementById("count").textContent === "15 judged"`)
			// All back, one after another: the page shows what the database has.
			for n := 14; n >= 12; n-- {
				b.Press("u")
				h.wait(n)
			}
			for n := 13; n <= 15; n++ {
				b.Await(`!document.getElementById("place").hidden && document.querySelector(".card.on").getAttribute("aria-label").includes("not judged")`)
				b.Press("b")
				h.wait(n)
			}
			b.Await(finished)
			for _, op := range browsertest.Ask[[]string](b, `Object.keys(localStorage).filter((key) => key.includes(":op:"))`) {
				t.Errorf("%s is kept", op)
			}
			for _, trouble := range b.Troubles() {
				if strings.HasPrefix(trouble, "exception") {
					t.Error(trouble)
				}
			}
		})
	}
}

// TestExperimenterInABrowser: the page follows what raters do, makes links and takes them
// back.
func TestExperimenterInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a browser")
	}
	b := browsertest.Open(t)
	h := open(t, func(o *Options) {
		o.Next = func() string { return "plumb run shapes.hcl" }
		o.Notice = "A demonstration: simulated raters answer here."
		o.Exports = []Export{{"judgements.csv", "text/csv", func(_ context.Context, w io.Writer) error { _, err := io.WriteString(w, "rater\nana\n"); return err }}}
	})
	items := h.rated(10, 32)
	pairs := comparing(h.several(6, 2, 64))
	pairs.Raters = 2
	h.ask(rating(items), pairs)
	b.Look(1280, "light")
	b.Go(h.http.URL + h.server.ExperimenterPath())
	b.Await(`document.querySelector("#now .question") && document.readyState === "complete"`)
	b.Click(`document.getElementById("name")`)
	b.Press("a", "n", "a", kb.Enter)
	b.Await(`document.querySelector("[data-copy]")`)
	link := browsertest.Ask[string](b, `document.querySelector("[data-copy]").dataset.copy`)
	if !strings.HasPrefix(link, h.http.URL+"/r/") {
		t.Errorf("the link is %s", link)
	}
	ana := h.visit(link, "/")
	ben := h.rater("ben")
	kim := h.rater("kim")
	reported := false
	for n := range 40 {
		for who, p := range []*page{ana, ben, kim} {
			reply := p.next(1)
			if len(reply.Screens) == 0 {
				continue
			}
			s := reply.Screens[0]
			if !reported && n == 1 {
				reported = true
				p.call("report", reportAsked{s.Tasks[0].Images[0], "violent"}, nil)
				continue
			}
			for _, task := range s.Tasks {
				answers := people.Answers{}
				for _, aspect := range s.Aspects {
					answers[aspect] = map[string][]string{"rate": {"good", "bad", "good"}, "compare": {"left", "tie", "right"}}[s.Kind][(n+who*(n%3))%3]
				}
				p.call("answer", answerAsked{fmt.Sprintf("%032x", time.Now().UnixNano()), task.ID, answers, int64(700 + 300*who)}, nil)
			}
		}
		if n == 3 {
			b.Await(`document.getElementById("now-raters").textContent.includes("kim")`)
			b.Await(`document.querySelector(".question dl")`)
			for _, look := range []struct {
				name   string
				width  int64
				scheme string
			}{{"desk", 1280, "light"}, {"desk", 1280, "dark"}, {"phone", 390, "light"}, {"phone", 390, "dark"}} {
				b.Look(look.width, look.scheme)
				b.Legible(t)
				if wide := browsertest.Ask[int64](b, `Math.max(innerWidth, document.documentElement.scrollWidth, document.body.scrollWidth)`); wide > look.width {
					t.Errorf("it is %d pixels wide in a window of %d", wide, look.width)
				}
				if small := browsertest.Ask[[]string](b, targets); len(small) > 0 {
					t.Errorf("targets under 24 pixels: %q", small)
				}
				b.Picture("board-" + look.name + "-" + look.scheme)
			}
			b.Look(1280, "light")
		}
	}
	b.Await(`document.getElementById("now-done")?.textContent.includes("plumb run shapes.hcl")`)
	b.Picture("board-done")
	if words := browsertest.Ask[string](b, `fetch("/experiment/export/judgements.csv").then((answer) => answer.text())`); words != "rater\nana\n" {
		t.Errorf("exported is %q", words)
	}
	b.Click(`document.querySelector("[data-restore]")`)
	b.Await(`!document.querySelector("[data-restore]") && !document.getElementById("now-done")`)
	revoke := `document.querySelector('[data-revoke="ana"]')`
	b.Click(revoke)
	b.Click(revoke)
	b.Await("!" + revoke)
	if status, _ := ana.call("next", nextAsked{1}, nil); status != http.StatusUnauthorized {
		t.Errorf("a revoked link still holds: %d", status)
	}
	b.Quiet(h.http.URL)
}

// TestLooks shows all pages in both schemes on a desk and on a phone: they fit, and every
// text is legible.
func TestLooks(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a browser")
	}
	b := browsertest.Open(t)
	for _, look := range []struct {
		name  string
		width int64
	}{{"desk", 1280}, {"phone", 390}} {
		for _, scheme := range []string{"light", "dark"} {
			for _, kind := range []string{"rate", "photo", "compare", "rank"} {
				b.Part(look.name+" "+scheme+" "+kind, func(t *testing.T) {
					h := open(t)
					asked := rating(h.rated(4, 32))
					asked.Question.Gold = gold(asked.Items)
					switch kind {
					case "photo":
						asked = rating(h.rated(2, 512))
					case "compare":
						asked = comparing(h.several(4, 2, 512))
					case "rank":
						asked = ranking(h.several(4, 4, 256))
					}
					h.ask(asked)
					b.Must(chromedp.Call(b.Ctx, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: look.width < 600}))
					b.Look(look.width, scheme)
					check := func(state string) {
						t.Helper()
						time.Sleep(200 * time.Millisecond) // colours change smoothly
						b.Legible(t)
						if wide := browsertest.Ask[int64](b, `Math.max(innerWidth, document.documentElement.scrollWidth, document.body.scrollWidth)`); wide > look.width {
							t.Errorf("%s is %d pixels wide in a window of %d", state, wide, look.width)
						}
						if small := browsertest.Ask[[]string](b, targets); len(small) > 0 {
							t.Errorf("%s has targets under 24 pixels: %q", state, small)
						}
						b.Picture(strings.Join([]string{kind, look.name, scheme, state}, "-"))
					}
					b.Go(h.link("ana"))
					b.Await(aboutOpen)
					check("instructions")
					b.Press(kb.Escape)
					b.Await(loaded)
					check("begun")
					switch kind {
					case "rank":
						b.Press("3", "1")
					case "compare":
						b.Press(kb.ArrowLeft)
					default:
						b.Press("g")
					}
					check("half")
					if kind == "rate" {
						browsertest.Ask[bool](b, `(document.querySelector(".card.on .flag").click(), true)`)
						check("report")
						b.Press(kb.Escape)
						if look.width > 600 {
							b.Press("g")
							time.Sleep(300 * time.Millisecond)
							check("next")
						}
					}
				})
			}
		}
	}
}

// targets lists what can be pressed and is smaller than WCAG 2.2 wants (success criterion
// 2.5.8, level AA).
const targets = `[...document.querySelectorAll("button, a, input, summary, label.check")].filter((node) => {
	const box = node.getBoundingClientRect();
	return box.width && !node.closest("label.check > input") && !node.classList.contains("skip") && (box.width < 24 || box.height < 24) && !(node.tagName === "INPUT" && node.closest("label"));
}).map((node) => node.outerHTML.slice(0, 80))`

// gold are known answers: of each category's items the first six, good and bad in turn.
func gold(items []people.Item) (all []people.Gold) {
	count := map[string]int{}
	for _, item := range items {
		if count[item.Category]++; count[item.Category] <= 4 {
			all = append(all, people.Gold{Item: item.ID, Answers: people.Answers{people.Alignment: []string{people.Good, people.Bad}[count[item.Category]%2]}})
		}
	}
	return all
}

func comparing(items []people.Item) queue.Asked {
	return queue.Asked{Question: people.Question{Name: "evaluate/main/preference", Kind: people.Compare, Aspects: []string{people.Alignment, people.Fidelity}, Raters: 9, Together: 1, Order: people.Random}, Items: items}
}

func ranking(items []people.Item) queue.Asked {
	return queue.Asked{Question: people.Question{Name: "labels/ranks", Kind: people.Rank, Aspects: []string{people.Alignment}, Raters: 1, Together: 1, Order: people.Random}, Items: items}
}
