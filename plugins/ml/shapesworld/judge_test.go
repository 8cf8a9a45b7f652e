package shapesworld

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
	"github.com/plumb-ml/plumb/plugins/ml/models/patchnet"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

func openBackend(t testing.TB) compute.Backend {
	t.Helper()
	return backendstest.Backend(t)
}

// tiny is a network with every kind of block.
var tiny = patchnet.Config{Width: 8, Narrow: 4, Hidden: 8, Heads: 2, Blocks: "cam"}

// scenesTable writes n scenes that show what their prompts say, and returns the
// table's path and rows.
func scenesTable(t testing.TB, n int) (string, []table.Image) {
	t.Helper()
	var rows []table.Image
	for i, scene := range scenes(n, Attributes{-1, -1, -1, -1}, FullVariety) {
		content, err := imaging.EncodePNG(imaging.Image{Width: Size, Height: Size, RGB: Render(scene)})
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, table.Image{
			ID: fmt.Sprintf("scene-%03d", i), Image: table.File{Bytes: content},
			Prompt: fmt.Sprintf("%s %s %s %s", Counts[scene.Count], Colors[scene.Color], Objects[scene.Object], Backgrounds[scene.Background]),
		})
	}
	path := filepath.Join(t.TempDir(), "images.parquet")
	if err := table.WriteAll(path, rows); err != nil {
		t.Fatal(err)
	}
	return path, rows
}

func ignore(sdk.Progress) error { return nil }

// TestSpoil: how often, and what the judge is then told.
func TestSpoil(t *testing.T) {
	red := scenes(1, Attributes{0, 0, 0, 0}, FullVariety)[0]
	blue := scenes(1, Attributes{2, 4, 0, 2}, FullVariety)[0]
	first := Example{RGB: Render(red), Prompt: "one red ring on grass"}
	second := Example{RGB: Render(blue), Prompt: "three blue rings at night"}
	before := slices.Clone(first.RGB)
	smeared := smear(first.RGB)
	halves, smears, whole := 0, 0, 0
	const n = 4000
	for i := range n {
		rgb, classes := spoil(first, second, rand.New(rand.NewPCG(9, uint64(i))))
		switch {
		case bytes.Equal(rgb, first.RGB):
			whole++
			if !slices.Equal(classes, []int{0, 0, 0, 0}) {
				t.Fatalf("a scene as it is has classes %v", classes)
			}
		case bytes.Equal(rgb, smeared):
			smears++
			if !slices.Equal(classes, []int{-1, 0, len(Objects), 0}) {
				t.Fatalf("a smeared scene has classes %v", classes)
			}
		default:
			halves++
			// Color and background differ, the object does not, the count is open.
			if !slices.Equal(classes, []int{-1, len(Colors), 0, len(Backgrounds)}) {
				t.Fatalf("two halves have classes %v", classes)
			}
			for y := range Size {
				row := y * Size * 3
				left, right := rgb[row:row+13*3], rgb[row+19*3:row+Size*3]
				if !bytes.Equal(left, first.RGB[row:row+13*3]) || !bytes.Equal(right, second.RGB[row+19*3:row+Size*3]) {
					t.Fatal("the halves are not those of the two scenes")
				}
			}
		}
	}
	for _, test := range []struct {
		what string
		got  int
		want float64
	}{{"halves", halves, 0.12}, {"smeared", smears, 0.08}, {"whole", whole, 0.8}} {
		if deviation := math.Sqrt(test.want * (1 - test.want) / n); math.Abs(float64(test.got)/n-test.want) > 4*deviation {
			t.Errorf("%s: %d of %d, want a share of %v", test.what, test.got, n, test.want)
		}
	}
	if !bytes.Equal(first.RGB, before) {
		t.Error("the scene itself was changed")
	}
}

func TestSmear(t *testing.T) {
	flat := bytes.Repeat([]byte{77}, Size*Size*3)
	if !bytes.Equal(smear(flat), flat) {
		t.Error("an even image changes")
	}
	point := make([]byte, Size*Size*3)
	point[(16*Size+16)*3+1] = 243
	for i, v := range smear(point) {
		x, y, c := i/3%Size, i/3/Size, i%3
		want := byte(0)
		if c == 1 && x >= 12 && x <= 20 && y >= 12 && y <= 20 {
			want = 3 // 243 / 81
		}
		if v != want {
			t.Fatalf("channel %d of pixel %d, %d is %d, want %d", c, x, y, v, want)
		}
	}
	corner := make([]byte, Size*Size*3)
	corner[0] = 250
	if got := smear(corner)[0]; got != 10 { // 25 pixels lie inside
		t.Errorf("in the corner it is %d, want 10", got)
	}
}

func TestFlip(t *testing.T) {
	rgb := Render(scenes(1, Attributes{-1, -1, -1, -1}, FullVariety)[0])
	mirrored := 0
	for i := range 200 {
		out := flip(rgb, rand.New(rand.NewPCG(uint64(i), 1)))
		if bytes.Equal(out, rgb) {
			continue
		}
		mirrored++
		for p := range Size * Size {
			x, y := p%Size, p/Size
			if !bytes.Equal(out[p*3:p*3+3], rgb[(y*Size+Size-1-x)*3:][:3]) {
				t.Fatalf("pixel %d, %d is not its mirror image's", x, y)
			}
		}
	}
	if mirrored < 70 || mirrored > 130 {
		t.Errorf("%d of 200 are mirrored", mirrored)
	}
}

// TestFitJudge runs the whole way once: scenes in, a judge that is measured,
// and verdicts that do not depend on the batch.
func TestFitJudge(t *testing.T) {
	backend := openBackend(t)
	path, rows := scenesTable(t, 70)
	settings := train.Settings{Steps: 2, BatchSize: 4, LearningRate: 1e-3}
	request := sdk.FitRequest{Sets: []sdk.FitSet{{Images: path}}, Seed: 3}
	store := model.NewStore()
	config, err := FitJudge(context.Background(), backend, JudgeConfig{Network: tiny}, store, settings, request, ignore)
	if err != nil {
		t.Fatal(err)
	}
	if config.HeldOut != 7 || len(config.Accuracy) == 0 {
		t.Errorf("measured %v on %d images, want 7", config.Accuracy, config.HeldOut)
	}
	for name, share := range config.Accuracy {
		if share < config.Accuracy["all"] || share > 1 {
			t.Errorf("accuracy %v: %s", config.Accuracy, name)
		}
	}
	judge, err := NewJudge(backend, config, store)
	if err != nil {
		t.Fatal(err)
	}
	defer judge.Close()
	var images [][]byte
	var prompts []string
	for _, row := range rows {
		rgb, err := decode(row.Image.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		images, prompts = append(images, rgb), append(prompts, row.Prompt)
	}
	all, err := judge.Agrees(context.Background(), images, prompts)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{0, 33, 69} {
		alone, err := judge.Agrees(context.Background(), images[i:i+1], prompts[i:i+1])
		if err != nil {
			t.Fatal(err)
		}
		if !(math.Abs(alone[0]-all[i]) <= backendstest.Near()) || !(alone[0] > 0 && alone[0] < 1) {
			t.Errorf("image %d agrees with %v, alone with %v", i, all[i], alone[0])
		}
	}
	open, err := judge.Agrees(context.Background(), images[:1], []string{"something"})
	if err != nil || open[0] != 1 {
		t.Errorf("a prompt that asks for nothing agrees with %v, %v", open, err)
	}
}

func TestFitJudgeRefuses(t *testing.T) {
	backend := openBackend(t)
	few, rows := scenesTable(t, 9)
	rows[4].Prompt = "one red ring"
	vague := filepath.Join(t.TempDir(), "vague.parquet")
	if err := table.WriteAll(vague, rows); err != nil {
		t.Fatal(err)
	}
	large := filepath.Join(t.TempDir(), "large.parquet")
	content, err := imaging.EncodePNG(imaging.Image{Width: 33, Height: 32, RGB: make([]byte, 33*32*3)})
	if err != nil {
		t.Fatal(err)
	}
	if err := table.WriteAll(large, []table.Image{{ID: "wide", Image: table.File{Bytes: content}}}); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		sets []sdk.FitSet
		want []string
	}{
		{nil, []string{"no images"}},
		{[]sdk.FitSet{{Images: few}}, []string{"9 images are too few"}},
		{[]sdk.FitSet{{Images: vague}}, []string{`"scene-004"`, `"one red ring"`, "background"}},
		{[]sdk.FitSet{{Images: large}}, []string{`"wide"`, "33x32", "32x32"}},
		{[]sdk.FitSet{{Images: few + ".missing"}}, []string{few + ".missing"}},
	} {
		_, err := FitJudge(context.Background(), backend, JudgeConfig{Network: tiny}, model.NewStore(), train.Settings{Steps: 1, BatchSize: 2}, sdk.FitRequest{Sets: test.sets}, ignore)
		for _, want := range test.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v: error %v does not say %s", test.sets, err, want)
			}
		}
	}
}
