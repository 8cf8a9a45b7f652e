package mlflow

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// TestBrowser: the link opens, in a real browser on a real server, with alignment against
// FID, the same prompts' images of both variants, and a table with the verdicts.
func TestBrowser(t *testing.T) {
	python(t)
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
	server := startServer(t, t.TempDir(), serverOptions{})
	run := withPictures(t, sample())
	run.Items[2].Points = run.Items[2].Points[:2] // a chart for each would take minutes
	for key := range run.Items[2].Params {
		if strings.HasPrefix(key, "p") {
			delete(run.Items[2].Params, key)
		}
	}
	run.Items[1].Tags["plumb.verdict"], run.Items[2].Tags["plumb.verdict"] = "worse", "better"
	again(t, Config{URI: server.URL}, t.TempDir(), run)
	tracker, _ := opened(t, Config{URI: server.URL})
	if err := tracker.Send(context.Background(), run); err != nil {
		t.Fatal(err)
	}
	link := tracker.Link()

	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
	t.Cleanup(cancel)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.UserDataDir(t.TempDir()), chromedp.NoSandbox, chromedp.DisableGPU)
	ctx, _ = chromedp.NewExecAllocator(ctx, options...)
	ctx, _ = chromedp.NewContext(ctx)
	t.Cleanup(func() { chromedp.Cancel(ctx) })
	await := func(what, expression string) {
		t.Helper()
		for {
			is, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
			if err != nil {
				t.Fatalf("%s never came: %v", what, err)
			}
			if is {
				return
			}
			time.Sleep(500 * time.Millisecond)
		}
	}
	if _, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 2000, Height: 2000, DeviceScaleFactor: 1}); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(link)); err != nil {
		t.Fatal(err)
	}
	says := func(words string) string { return "document.body.innerText.includes(" + quoted(words) + ")" }
	await("the view's first section", says("Alignment against fidelity"))
	await("the section of images", says("Images: prompts and runs"))
	await("the scatter", says("fid vs. alignment"))
	await("a point of each variant", "document.querySelectorAll('.scatterlayer .point').length >= 2")
	await("a prompt's row", says("samples/"))
	// Of 16 pixels, or previews of larger ones: three prompts' of two variants.
	await("the images of both variants", "[...document.images].filter(i => [16, 256].includes(i.naturalWidth)).length >= 6")

	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank"), chromedp.Navigate(strings.Replace(link, "&compareRunsMode=CHART", "", 1))); err != nil {
		t.Fatal(err)
	}
	for _, words := range []string{"w=1 seed=1", "0.75", "plumb.verdict", "better"} {
		await("in the table "+words, says(words))
	}
	order := "document.body.innerText.indexOf('w=1 seed=1') < document.body.innerText.indexOf('w=0 seed=1')"
	await("the best first", order)
}

func quoted(words string) string { return "'" + words + "'" }
