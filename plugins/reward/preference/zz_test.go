package preference
import ("testing";"time";"syscall";"github.com/plumb-ml/plumb/plugins/sdk")
type big struct{ clip }
func TestZZ(t *testing.T) {
	images := draw(t, 2, 1)
	for _, h := range []int{256, 1024} { for _, aux := range []bool{false, true} {
		set := map[string]any{"steps": 40, "hidden_units": h, "batch_size": 64, "validation_share": 0}
		if aux { set["auxiliary"] = auxiliary(nil) }
		var a, b syscall.Rusage
		syscall.Getrusage(0, &a); at := time.Now()
		fitted(t, block(t, set), tables(t, images, rate(images, 1), 0))
		syscall.Getrusage(0, &b)
		_ = sdk.Image{}
		t.Logf("hidden %d aux %v: cpu %.1f ms a step, wall %v", h, aux, float64(b.Utime.Nano()-a.Utime.Nano())/1e6/40, time.Since(at)/40)
	}}
}
