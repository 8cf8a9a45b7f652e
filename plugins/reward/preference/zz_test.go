package preference
import ("testing";"time";"github.com/plumb-ml/plumb/plugins/sdk")
func TestZZ(t *testing.T) {
	test := draw(t, 16, 99)
	var items []sdk.Item
	for _, s := range test { items = append(items, s.item) }
	for _, n := range []int{6, 12, 30} {
	for seed := range uint64(2) {
		imgs := draw(t, n, seed+1)
		lab := rate(imgs, seed+1)
		for name, set := range map[string]map[string]any{
			"none": {}, "aux": {"auxiliary": auxiliary(map[string]any{"negatives":4})},"noneNOES":{"early_stopping":false},"none5": {"learning_rate": 3e-4}, "none1":{"hidden_layers":1},"noneWD":{"weight_decay":0.3},
		} {
			at := time.Now()
			r, reps := fitted(t, block(t, set), tables(t, imgs, lab, seed))
			d := time.Since(at)
			sc, err := r.ScoreBatch(t.Context(), items)
			if err != nil { t.Fatal(err) }
			last := reps[len(reps)-1].Values
			t.Logf("n %d seed %d %-6s auc %.3f rank %.3f kept %d mse %.4f last %.4f train %.4f %.3f  %v", n, seed, name, areaUnderCurve(sc, test), ranked(t, r, test), r.fitted.Fit.Step, last["validation/kept_mse"], last["validation/mse"], last["loss/mse"], last["loss/prompt_classification"], d)
		}
	}}
}
