// Package browsertest opens pages in a real browser, for tests: Debian's Chromium, driven
// over its own protocol. Where there is none, the tests that need it are skipped and say so.
package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Browser is a window of a real browser, which hears what its page complains of and what
// it asks for.
type Browser struct {
	Ctx context.Context

	t        *testing.T
	mu       sync.Mutex
	troubles []string
	asked    []string // addresses
}

// Open starts a Chromium of its own, with a fresh profile, and ends it with the test,
// which is skipped where there is none.
func Open(t *testing.T) *Browser {
	t.Helper()
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			program = found
			break
		}
	}
	if program == "" {
		t.Skip("no Chromium is installed: neither chromium nor google-chrome is on the PATH")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.UserDataDir(t.TempDir()), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true), chromedp.WindowSize(1280, 900),
	)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	t.Cleanup(cancel)
	ctx, _ = chromedp.NewExecAllocator(ctx, options...)
	ctx, _ = chromedp.NewContext(ctx)
	b := &Browser{Ctx: ctx, t: t}
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Logf("end the browser: %v", err)
		}
	})
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatalf("start %s: %v", program, err)
	}
	b.Must(chromedp.Call(ctx, network.Enable, network.EnableParams{}))
	return b
}

// Another is a window of the same browser that shares neither cookies nor storage with
// any other: as if somebody else had it.
func (b *Browser) Another() *Browser {
	b.t.Helper()
	ctx, cancel := chromedp.NewContext(b.Ctx, chromedp.WithNewBrowserContext())
	b.t.Cleanup(cancel)
	other := &Browser{Ctx: ctx, t: b.t}
	other.Must(nil, chromedp.Listen(ctx, other.hear))
	other.Must(chromedp.Call(ctx, network.Enable, network.EnableParams{}))
	return other
}

// Part runs a subtest in the window.
func (b *Browser) Part(name string, test func(t *testing.T)) {
	b.t.Run(name, func(t *testing.T) {
		whole := b.t
		b.t = t
		defer func() { b.t = whole }()
		test(t)
	})
}

// Must ends the test if a command of the browser failed.
func (b *Browser) Must(_ any, err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// hear keeps what the page complains of and asks for.
func (b *Browser) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		b.troubles = append(b.troubles, "exception: "+text)
	case *runtime.EventConsoleAPICalled:
		b.troubles = append(b.troubles, "console: "+string(e.Type))
	case *log.EventEntryAdded:
		b.troubles = append(b.troubles, "log: "+e.Entry.Text)
	case *network.EventRequestWillBeSent:
		b.asked = append(b.asked, e.Request.URL)
	}
}

// Do runs actions one after another.
func (b *Browser) Do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.Ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// Go opens an address.
func (b *Browser) Go(address string) {
	b.t.Helper()
	b.Do(chromedp.Navigate(address))
}

// File opens a file.
func (b *Browser) File(path string) {
	b.t.Helper()
	address := url.URL{Scheme: "file", Path: filepath.ToSlash(path)}
	b.Go(address.String())
}

// Look sets the width of the window in pixels, a phone's below 600, and the wish for
// light or dark. It is 800 pixels high.
func (b *Browser) Look(width int64, scheme string) {
	b.t.Helper()
	b.Must(chromedp.Call(b.Ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 800, DeviceScaleFactor: 1, Mobile: width < 600}))
	b.Must(chromedp.Call(b.Ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}))
}

// Press presses keys one after another, as a keyboard does.
func (b *Browser) Press(keys ...string) {
	b.t.Helper()
	for _, key := range keys {
		b.Do(chromedp.KeyEvent(key))
	}
}

// Click clicks with the mouse in the middle of an element, which is brought into view.
func (b *Browser) Click(element string) {
	b.t.Helper()
	at := b.middle(element)
	b.Do(chromedp.MouseClickXY(at[0], at[1]))
}

// Touch touches the middle of an element with a finger.
func (b *Browser) Touch(element string) {
	b.t.Helper()
	at := b.middle(element)
	b.Must(chromedp.Call(b.Ctx, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: "touchStart", TouchPoints: []*input.TouchPoint{{X: at[0], Y: at[1]}}}))
	b.Must(chromedp.Call(b.Ctx, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: "touchEnd", TouchPoints: []*input.TouchPoint{}}))
}

// middle is where an element, an expression of the page, has its middle.
func (b *Browser) middle(element string) []float64 {
	b.t.Helper()
	return Ask[[]float64](b, fmt.Sprintf(`(() => { const node = %s; node.scrollIntoViewIfNeeded(); const box = node.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; })()`, element))
}

// Ask evaluates an expression in the page, and waits if it is a promise.
func Ask[T any](b *Browser, expression string) T {
	b.t.Helper()
	value, err := chromedp.Run(b.Ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// Await waits until an expression of the page is true, also if the page goes on to another
// one meanwhile.
func (b *Browser) Await(expression string) {
	b.t.Helper()
	var last error
	for range 200 {
		is, err := chromedp.Run(b.Ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
		if is && err == nil {
			return
		}
		last = err
		time.Sleep(50 * time.Millisecond)
	}
	b.t.Fatalf("%s never came true: %v", expression, last)
}

// Quiet fails the test if a page complained since the last time, or asked for anything but
// its own: what begins as one of own, and what pages hold themselves.
func (b *Browser) Quiet(own ...string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, trouble := range b.troubles {
		b.t.Error(trouble)
	}
	own = append(own, "data:")
	for _, address := range b.asked {
		known := false
		for _, start := range own {
			known = known || strings.HasPrefix(address, start)
		}
		if !known {
			b.t.Errorf("the page asked for %.80s", address)
		}
	}
	if len(b.asked) == 0 {
		b.t.Error("nothing that the browser did was heard")
	}
	b.troubles, b.asked = nil, nil
}

// Troubles are what pages complained of.
func (b *Browser) Troubles() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.troubles)
}

// Forget forgets what pages complained of and asked for, which a test brought about.
func (b *Browser) Forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.troubles, b.asked = nil, nil
}

// Picture writes what the window shows as a PNG, if the environment's variable
// PLUMB_SCREENSHOTS names a directory: for whoever wants to look.
func (b *Browser) Picture(name string) {
	b.t.Helper()
	dir := os.Getenv("PLUMB_SCREENSHOTS")
	if dir == "" {
		return
	}
	content, err := chromedp.Run(b.Ctx, chromedp.CaptureScreenshot())
	b.Must(nil, err)
	b.Must(nil, os.WriteFile(filepath.Join(dir, name+".png"), content, 0o644))
}

// Legible fails the test for texts that stand out less than WCAG 2's 4.5 to 1 (success
// criterion 1.4.3, level AA) from what is behind them.
func (b *Browser) Legible(t *testing.T) {
	t.Helper()
	var faint []string
	if err := json.Unmarshal([]byte(Ask[string](b, contrast)), &faint); err != nil {
		t.Fatal(err)
	}
	for _, one := range faint {
		t.Errorf("faint: %s", one)
	}
}

// contrast lists, as JSON, the texts that are too faint.
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
