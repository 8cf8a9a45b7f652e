// Package bench measures how fast Stable Diffusion draws and is tuned on a
// backend, with random weights of the published shapes: nothing has to be
// downloaded. What it runs is what a sampler and a finetune block run, so that
// its figures are theirs. At a tiny size it covers the same cases in seconds on
// any processor, so that a regression shows without an accelerator.
//
// It refuses to give a figure that it did not measure: what a backend cannot do
// in reasonable time or memory is said in words.
package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/flops"
	"github.com/plumb-ml/plumb/plugins/ml/latentdiffusion"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// Options say what to measure. Of what is zero, the size knows better.
type Options struct {
	Size      string        // one of Sizes
	Backend   string        // as in HCL: "auto", "go", "xla:cpu", "xla:cuda"
	Only      []string      // kinds of cases; all if empty
	Precision string        // of unet and training; bfloat16 on an accelerator, else float32
	Pixels    int           // height and width of images
	Batches   []int         // of sampling
	First     int           // batch of training all weights that the doubling begins with
	Largest   int           // and the last that it comes to
	Rank      int           // of LoRA; 16 if 0
	Recompute bool          // gradient checkpointing in training
	Budget    time.Duration // how long each case is repeated after it has been compiled
	Least     int           // repetitions at least; 5 if 0

	// Say is told each result as it comes, as a line of text; nil: nobody.
	Say func(line string)
	// Measure measures a case; nil: Measure, in this process.
	Measure func(ctx context.Context, c Case) (*Measured, error)
}

// Result is all that was measured.
type Result struct {
	Size     string     `json:"size"`
	Title    string     `json:"title"`
	Backend  string     `json:"backend"`
	Device   string     `json:"device"`
	OS       string     `json:"os"`
	Arch     string     `json:"arch"`
	CPUs     int        `json:"cpus"`
	Memory   string     `json:"memory"` // what peak_memory_bytes are of
	Matmul   []Product  `json:"matmul"`
	Sampling []Drawing  `json:"sampling"`
	Decoding []Decoded  `json:"decoding"`
	Training []Training `json:"training"`
	Fits     *Fits      `json:"full_unet_batch,omitempty"`
	Left     []string   `json:"left_out"` // what was not measured, and why
	Failed   []string   `json:"failed"`   // what was tried and ended with an error
}

// Product is the speed of a square matrix product.
type Product struct {
	Timing
	Precision string  `json:"precision"`
	TFLOPs    float64 `json:"tflops"`
}

// Figures are what all cases of a network have.
type Figures struct {
	Timing
	Precision string  `json:"precision"`
	Batch     int     `json:"batch"`
	Pixels    int     `json:"pixels"` // height and width
	TFLOPs    float64 `json:"tflops"`
	Fraction  float64 `json:"fraction_of_matmul"`          // of the same precision; 0: not known
	Peak      int64   `json:"peak_memory_bytes,omitempty"` // 0: not known
}

// Drawing is a solver's steps on a batch of images: with guidance, an iteration
// calls the denoising network on twice the batch.
type Drawing struct {
	Figures
	Guided    bool    `json:"guided"`
	PerSecond float64 `json:"iterations_per_second"`
}

// Decoded is the decoder on one image's latents.
type Decoded struct{ Figures }

// Training is a step of a fine-tuning from cached latents and embeddings.
type Training struct {
	Figures
	What      string  `json:"what"` // LoRA or Full
	Rank      int     `json:"rank,omitempty"`
	Recompute bool    `json:"gradient_checkpointing"`
	Images    float64 `json:"images_per_second"`
}

// Fits is what the doubling of the batch came to.
type Fits struct {
	Largest  int `json:"largest_that_fits"`         // of those tried; 0: none
	TooLarge int `json:"does_not_fit,omitempty"`    // the smallest tried that does not; 0: the limit ended the search
	Limit    int `json:"limit_of_search,omitempty"` // that ended it
}

// run is a benchmark under way.
type run struct {
	Options
	size   Size
	result *Result
}

// Run measures. What was measured before an error is in the result. A case that
// fails does not end the others; its error is joined to that of Run.
func Run(ctx context.Context, o Options) (*Result, error) {
	r, err := newRun(o)
	if err != nil {
		return nil, err
	}
	return r.result, r.all(ctx)
}

// newRun is a benchmark with what its size knows better.
func newRun(o Options) (*run, error) {
	size, ok := sizeNamed(o.Size)
	if !ok {
		return nil, fmt.Errorf("there is no size %q to measure; there are %s", o.Size, strings.Join(Sizes(), ", "))
	}
	if err := o.check(size); err != nil {
		return nil, err
	}
	if o.Say == nil {
		o.Say = func(string) {}
	}
	if o.Measure == nil {
		o.Measure = Measure
	}
	if o.Budget <= 0 {
		o.Budget = size.Budget
	}
	if o.Pixels > 0 {
		size.Latent = o.Pixels / size.VAE.Factor()
	}
	if len(o.Batches) > 0 {
		size.Sampling = o.Batches
	}
	if o.Largest > 0 {
		size.Largest = o.Largest
		size.First = min(size.First, o.Largest)
	}
	if o.First > 0 {
		size.First = o.First
		if o.Largest == 0 {
			size.Largest = max(size.Largest, o.First)
		}
	}
	if o.Rank == 0 {
		o.Rank = 16
	}
	return &run{Options: o, size: size, result: &Result{
		Size: size.Name, Title: size.Title, OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(), Left: []string{}, Failed: []string{},
	}}, nil
}

// check refuses options that mean nothing, all of them at once.
func (o Options) check(size Size) error {
	var all []error
	for _, kind := range o.Only {
		if !slices.Contains(Kinds(), kind) {
			all = append(all, fmt.Errorf("there is no case %q to measure; there are %s", kind, strings.Join(Kinds(), ", ")))
		}
	}
	if o.Precision != "" && !slices.Contains(Precisions(), o.Precision) {
		all = append(all, fmt.Errorf("there is no precision %q to measure in; there are %s", o.Precision, strings.Join(Precisions(), ", ")))
	}
	// The unet halves latents three times.
	if least := 8 * size.VAE.Factor(); o.Pixels < 0 || o.Pixels%least != 0 || o.Pixels > 4096 {
		all = append(all, fmt.Errorf("images of %d x %d pixels cannot be measured: multiples of %d up to 4096", o.Pixels, o.Pixels, least))
	}
	for _, batch := range append(slices.Clone(o.Batches), o.First, o.Largest) {
		if batch < 0 || batch > 1<<16 {
			all = append(all, fmt.Errorf("a batch of %d images cannot be measured", batch))
		}
	}
	if slices.Contains(o.Batches, 0) {
		all = append(all, errors.New("a batch of 0 images cannot be measured"))
	}
	if o.First > o.Largest && o.Largest > 0 {
		all = append(all, fmt.Errorf("the batch cannot be doubled from %d to at most %d images", o.First, o.Largest))
	}
	if o.Rank < 0 || o.Rank > 4096 {
		all = append(all, fmt.Errorf("adapters of rank %d cannot be measured: 1 to 4096", o.Rank))
	}
	return errors.Join(all...)
}

func (r *run) all(ctx context.Context) error {
	// Measure the matmul baseline first; its case also names the backend.
	m, err := r.Measure(ctx, r.a(Matmul, latentdiffusion.Float32))
	if err != nil {
		return fmt.Errorf("measure matrix products: %w", err)
	}
	r.result.Backend, r.result.Device, r.result.Memory = m.Backend, m.Device, m.Memory
	if r.Precision == "" {
		r.Precision = latentdiffusion.Float32
		if r.accelerated() {
			r.Precision = latentdiffusion.BFloat16
		}
	}
	pixels := r.size.pixels()
	r.say("%s, %d x %d pixels, on %s (%s), in %s", r.size.Title, pixels, pixels, r.result.Backend, r.result.Device, r.precisionText())
	r.product(latentdiffusion.Float32, m)
	if r.Precision != latentdiffusion.Float32 {
		if m, err = r.measure(ctx, r.a(Matmul, r.Precision)); m != nil {
			r.product(r.Precision, m)
		}
	}
	failures := []error{err}
	for _, part := range []struct {
		kind    string
		measure func(context.Context) error
	}{{Sampling, r.sampling}, {Decoding, r.decoding}, {LoRA, r.adapters}, {Full, r.full}} {
		if ctx.Err() != nil {
			break
		}
		if r.wants(part.kind) {
			failures = append(failures, part.measure(ctx))
		}
	}
	return errors.Join(append(failures, ctx.Err())...)
}

// wants reports whether a kind of cases is asked for.
func (r *run) wants(kind string) bool { return len(r.Only) == 0 || slices.Contains(r.Only, kind) }

// a is a case of a kind, with what all of them have.
func (r *run) a(kind, precision string) Case {
	return Case{Kind: kind, Size: r.size.Name, Backend: r.Backend, Precision: precision, Pixels: r.size.pixels(), Budget: r.Budget, Least: r.Least}
}

// drawing is a guided step of sampling.
func (r *run) drawing(batch int) Case {
	c := r.a(Sampling, r.Precision)
	c.Guided, c.Batch = true, batch
	return c
}

// decodingOne is decoding one image, which is always done in float32.
func (r *run) decodingOne() Case {
	c := r.a(Decoding, latentdiffusion.Float32)
	c.Batch = 1
	return c
}

// trainingAdapters is a training step of adapters on one image.
func (r *run) trainingAdapters() Case {
	c := r.a(LoRA, r.Precision)
	c.Batch, c.Rank, c.Recompute = 1, r.Rank, r.Recompute
	return c
}

// trainingAll is a training step of all weights.
func (r *run) trainingAll(batch int) Case {
	c := r.a(Full, r.Precision)
	c.Batch, c.Recompute = batch, r.Recompute
	return c
}

// measure measures a case. Where the device has too little memory for it, both
// results are nil; other failures are noted.
func (r *run) measure(ctx context.Context, c Case) (*Measured, error) {
	m, err := r.Measure(ctx, c)
	if _, is := sdk.OutOfMemory(err); is || errors.As(err, new(Killed)) {
		r.leave("%s: does not fit into the memory: %s", c.text(), shortened(err))
		return nil, nil
	}
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("%s: %w", c.text(), err)
		r.result.Failed = append(r.result.Failed, err.Error())
		r.say("failed: %v", err)
	}
	return m, err
}

// Killed is the failure of a case whose process was killed from outside, as Linux
// does when memory ends.
type Killed struct{ Status string }

func (k Killed) Error() string {
	return "its process was ended (" + k.Status + "), most likely because it ran out of memory"
}

func shortened(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	if runes := []rune(line); len(runes) > 160 {
		line = string(runes[:160]) + "…"
	}
	return line
}

func (r *run) say(format string, args ...any) { r.Say(fmt.Sprintf(format, args...)) }

// leave notes what is not measured.
func (r *run) leave(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	r.result.Left = append(r.result.Left, text)
	r.say("not measured: %s", text)
}

// accelerated reports whether the backend computes on an accelerator.
func (r *run) accelerated() bool { return r.result.Backend == backends.XLACUDA }

// part reports whether only a part of the size can be asked of this device, and
// nobody asked for a case by name.
func (r *run) part() bool { return r.size.Accelerator && !r.accelerated() && len(r.Only) == 0 }

func (r *run) precisionText() string {
	if r.accelerated() && r.Precision == latentdiffusion.Float32 {
		return "float32, products in TF32"
	}
	return r.Precision
}

// product notes the speed of matrix products.
func (r *run) product(precision string, m *Measured) {
	p := Product{Timing: m.Timing, Precision: precision, TFLOPs: m.rate()}
	r.result.Matmul = append(r.result.Matmul, p)
	name := precision
	if r.accelerated() && precision == latentdiffusion.Float32 {
		name = "TF32"
	}
	r.say("matrix product, %s: %s (median of %d)", name, tflopsText(p.TFLOPs), p.Repetitions)
}

// figures of a case.
func (r *run) figures(c Case, m *Measured) Figures {
	f := Figures{Timing: m.Timing, Precision: c.Precision, Batch: c.Batch, Pixels: c.Pixels, TFLOPs: m.rate(), Peak: m.Peak}
	for _, p := range r.result.Matmul {
		if p.Precision == c.Precision && p.TFLOPs > 0 {
			f.Fraction = f.TFLOPs / p.TFLOPs
		}
	}
	return f
}

// text is the end of a line about a case.
func (f Figures) text() string {
	text := fmt.Sprintf("%s; %s", f.Timing.text(), tflopsText(f.TFLOPs))
	if f.Fraction > 0 {
		text += fmt.Sprintf(", %.0f %% of a matrix product's", 100*f.Fraction)
	}
	text += fmt.Sprintf("; compiled in %.3g s", f.Compile)
	if f.Peak > 0 {
		text += fmt.Sprintf("; peak memory %.3g GiB", float64(f.Peak)/(1<<30))
	}
	return text
}

// text names a case.
func (c Case) text() string {
	switch c.Kind {
	case Matmul:
		return "matrix products in " + c.Precision
	case Decoding:
		return "decoding an image"
	case Sampling:
		guidance := "guided"
		if !c.Guided {
			guidance = "without guidance"
		}
		return fmt.Sprintf("sampling, batch %d, %s", c.Batch, guidance)
	}
	what := "training the full unet"
	if c.Kind == LoRA {
		what = fmt.Sprintf("training LoRA of rank %d", c.Rank)
	}
	if c.Recompute {
		what += " with gradient checkpointing"
	}
	return fmt.Sprintf("%s, batch %d", what, c.Batch)
}

func tflopsText(tflops float64) string {
	if tflops < 1 {
		return fmt.Sprintf("%.3g GFLOP/s", 1000*tflops)
	}
	return fmt.Sprintf("%.3g TFLOP/s", tflops)
}

// sampling measures a solver's steps at each size of batch.
func (r *run) sampling(ctx context.Context) error {
	if r.part() {
		// What a processor can do in a minute or two: one call at half the size.
		// Guidance and batches only multiply it.
		c := r.drawing(1)
		c.Guided, c.Least = false, 1
		if r.Pixels == 0 {
			c.Pixels /= 2
		}
		err := r.draw(ctx, c)
		r.leave("sampling at %d x %d pixels with guidance, and batches: they need an accelerator, or much memory and time; --only %s measures them all the same", r.size.pixels(), r.size.pixels(), Sampling)
		return err
	}
	var failures []error
	for _, batch := range r.size.Sampling {
		failures = append(failures, r.draw(ctx, r.drawing(batch)))
	}
	return errors.Join(failures...)
}

func (r *run) draw(ctx context.Context, c Case) error {
	m, err := r.measure(ctx, c)
	if m == nil || err != nil {
		return err
	}
	d := Drawing{Figures: r.figures(c, m), Guided: c.Guided, PerSecond: 1 / m.Seconds}
	r.result.Sampling = append(r.result.Sampling, d)
	r.say("%s: %.3g it/s; %s", c.text(), d.PerSecond, d.text())
	return nil
}

// decoding measures the decoder.
func (r *run) decoding(ctx context.Context) error {
	if r.part() {
		r.leave("decoding: it needs an accelerator, or much memory and time; --only %s measures it all the same", Decoding)
		return nil
	}
	c := r.decodingOne()
	m, err := r.measure(ctx, c)
	if m == nil || err != nil {
		return err
	}
	d := Decoded{r.figures(c, m)}
	r.result.Decoding = append(r.result.Decoding, d)
	r.say("%s: %s", c.text(), d.text())
	return nil
}

// adapters measures training steps of adapters on one image.
func (r *run) adapters(ctx context.Context) error {
	if r.part() {
		return r.leaveTraining(LoRA)
	}
	_, err := r.train(ctx, r.trainingAdapters())
	return err
}

// full measures training steps of all weights, with a batch that is doubled until
// it does not fit.
func (r *run) full(ctx context.Context) error {
	if r.part() {
		return r.leaveTraining(Full)
	}
	fits := &Fits{}
	try := func(batch int) (fit bool, err error) {
		if fit, err = r.train(ctx, r.trainingAll(batch)); fit {
			fits.Largest = max(fits.Largest, batch)
		} else if err == nil && (fits.TooLarge == 0 || batch < fits.TooLarge) {
			fits.TooLarge = batch
		}
		return fit, err
	}
	batch, err := r.size.First, error(nil)
	for ; batch <= r.size.Largest; batch *= 2 {
		var fit bool
		if fit, err = try(batch); !fit {
			break
		}
	}
	for batch = r.size.First / 2; err == nil && fits.Largest == 0 && batch >= 1; batch /= 2 {
		_, err = try(batch)
	}
	if err != nil {
		return err
	}
	r.result.Fits = fits
	switch {
	case fits.Largest == 0:
		r.say("training the full unet: not even a batch of %d fits", fits.TooLarge)
	case fits.TooLarge > 0:
		r.say("training the full unet: of the batches that were tried, %d is the largest that fits; %d does not", fits.Largest, fits.TooLarge)
	default:
		fits.Limit = r.size.Largest
		r.say("training the full unet: a batch of %d fits, and larger ones were not tried (--largest)", fits.Largest)
	}
	return nil
}

// train measures training steps. Without an error it says whether they fit.
func (r *run) train(ctx context.Context, c Case) (fit bool, err error) {
	m, err := r.measure(ctx, c)
	if m == nil || err != nil {
		return false, err
	}
	t := Training{Figures: r.figures(c, m), What: c.Kind, Rank: c.Rank, Recompute: c.Recompute, Images: float64(c.Batch) / m.Seconds}
	r.result.Training = append(r.result.Training, t)
	r.say("%s: %.3g images/s; a step %s", c.text(), t.Images, t.text())
	return true, nil
}

// bytesPerWeight are those of the weight, its gradient and AdamW's two moments.
const bytesPerWeight = 16

// leaveTraining says what a training would take of a processor.
func (r *run) leaveTraining(kind string) error {
	b := &bench{Case: r.a(kind, r.Precision), size: r.size}
	network, err := b.forward()
	if err != nil {
		return err
	}
	c := r.a(kind, r.Precision)
	c.Batch, c.Rank = 1, r.Rank
	why := "it needs an accelerator"
	if kind == Full {
		why += fmt.Sprintf("; weights, gradients and the moments of AdamW alone take %.3g GiB", float64(network.Parameters*bytesPerWeight)/(1<<30))
	}
	if n := len(r.result.Sampling); n > 0 {
		factor := float64(flops.TrainingFactor)
		if kind == LoRA {
			factor = adapterFactor
		}
		why += fmt.Sprintf("; at the speed of the call above a step would take %.0f s", factor*network.Operations/r.result.Sampling[n-1].TFLOPs/1e12)
	}
	r.leave("%s: %s; --only %s measures it all the same", c.text(), why, kind)
	return nil
}
