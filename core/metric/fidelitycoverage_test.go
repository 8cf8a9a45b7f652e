package metric

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

var (
	fidelityExperiments = flag.Int("fidelity-experiments", 0, "simulated experiments a cell in TestFidelityCovers; 0: the short form")
	fidelitySizes       = flag.String("fidelity-sizes", "16x15 16x30 16x88 16x360 64x30 64x88 64x360", "its cells, width x prompts")
)

// gaussianWorld is features whose distances are known: of prompt p in stratum s, with
// m the stratum's mean and u ~ N(0, I), image i has
//
//	real:    m_s + u_p + e_i
//	a model: shift + shrink (m_s + u_p) + noise e_i       e ~ N(0, I)
type gaussianWorld struct {
	width, prompts, images, reference int // images of a model and of the reference a prompt
	strata                            []int
	means                             [][]float64
}

// arm is a model of the world.
type arm struct{ shift, shrink, noise float64 }

// quickstartStrata are the prompts of categories and splits, of 88.
var quickstartStrata = []int{5, 17, 4, 11, 5, 11, 11, 24}

func newGaussianWorld(width, prompts, images, reference int) gaussianWorld {
	w := gaussianWorld{width: width, prompts: prompts, images: images, reference: reference}
	random := rand.New(rand.NewPCG(1, uint64(width)))
	left := prompts
	for i, n := range quickstartStrata {
		n = max(1, n*prompts/88)
		if i == len(quickstartStrata)-1 {
			n = left
		}
		left -= n
		w.strata = append(w.strata, n)
		mean := make([]float64, width)
		for j := range mean {
			mean[j] = 0.5 * random.NormFloat64()
		}
		w.means = append(w.means, mean)
	}
	for j := range width { // the mean over the strata is zero
		var middle float64
		for s, n := range w.strata {
			middle += w.means[s][j] * float64(n) / float64(prompts)
		}
		for s := range w.means {
			w.means[s][j] -= middle
		}
	}
	return w
}

// between is the covariance of the strata's means.
func (w gaussianWorld) between() *mat.SymDense {
	s := mat.NewSymDense(w.width, nil)
	for h, n := range w.strata {
		s.SymRankOne(s, float64(n)/float64(w.prompts), mat.NewVecDense(w.width, w.means[h]))
	}
	return s
}

func (w gaussianWorld) covariance(a arm) *mat.SymDense {
	s := w.between()
	s.ScaleSym(a.shrink*a.shrink, s)
	for j := range w.width {
		s.SetSym(j, j, s.At(j, j)+a.shrink*a.shrink+a.noise*a.noise)
	}
	return s
}

var realArm = arm{0, 1, 1}

// fid is the distance of all images that an arm can draw.
func (w gaussianWorld) fid(a arm) float64 {
	of := func(a arm) moments {
		s := w.covariance(a)
		m := moments{mean: mat.NewVecDense(w.width, nil), root: rootOf(s), trace: mat.Trace(s)}
		for j := range w.width {
			m.mean.SetVec(j, a.shift/math.Sqrt(float64(w.width)))
		}
		return m
	}
	distance, err := frechet(of(a), of(realArm))
	if err != nil {
		panic(err)
	}
	return distance
}

// kid is the discrepancy of all images that an arm can draw. For x of N(m, S) and y
// of N(n, T), independent, in d dimensions, with t = x·y/d:
//
//	E (t + 1)³ = 1 + 3 E t + 3 E t² + E t³
//	d E t = m·n    d² E t² = tr S T + m'Tm + n'Sn + (m·n)²
//	d³ E t³ = (m·n)³ + 3 (m·n)(m'Tm + n'Sn + tr S T) + 6 m'TSn
//
// (the odd moments of a Gaussian about its mean are zero).
func (w gaussianWorld) kid(a arm) float64 {
	d := float64(w.width)
	kernel := func(a, b arm) float64 {
		s, t := a.shrink*a.shrink+a.noise*a.noise, b.shrink*b.shrink+b.noise*b.noise // times I
		var sum float64
		for g, p := range w.strata {
			for h, q := range w.strata {
				var mn, mm, nn float64
				for j := range w.width {
					m := a.shift/math.Sqrt(d) + a.shrink*w.means[g][j]
					n := b.shift/math.Sqrt(d) + b.shrink*w.means[h][j]
					mn, mm, nn = mn+m*n, mm+m*m, nn+n*n
				}
				second := s*t*d + t*mm + s*nn
				e := 1 + 3*mn/d + 3*(second+mn*mn)/(d*d) + (mn*mn*mn+3*mn*second+6*s*t*mn)/(d*d*d)
				sum += e * float64(p) * float64(q) / float64(w.prompts*w.prompts)
			}
		}
		return sum
	}
	return kernel(a, a) + kernel(realArm, realArm) - 2*kernel(a, realArm)
}

// draw makes the images of an experiment: the reference and each arm's.
func (w gaussianWorld) draw(random *rand.Rand, arms ...arm) (reference ImageFeatures, of []ImageFeatures) {
	of = make([]ImageFeatures, len(arms))
	prompt := make([]float64, w.width)
	prompts := 0
	for s, n := range w.strata {
		for range n {
			text := fmt.Sprintf("prompt %d", prompts)
			prompts++
			for j := range prompt {
				prompt[j] = w.means[s][j] + random.NormFloat64()
			}
			images := func(to *ImageFeatures, a arm, n int) {
				for i := range n {
					vector := make([]float32, w.width)
					for j := range vector {
						vector[j] = float32(a.shift/math.Sqrt(float64(w.width)) + a.shrink*prompt[j] + a.noise*random.NormFloat64())
					}
					id := fmt.Sprintf("%s/%d", text, i)
					to.Rows = append(to.Rows, table.Feature{ImageID: id, Vector: vector})
					to.Images = append(to.Images, table.Image{ID: id, Prompt: text, Category: fmt.Sprint(s)})
				}
			}
			images(&reference, realArm, w.reference)
			for i, a := range arms {
				images(&of[i], a, w.images)
			}
		}
	}
	return reference, of
}

// coverage counts how often an interval holds the truth.
type coverage struct {
	held, above, below, none int // misses: the interval above the truth, and below it
	half, error              float64
}

func (c *coverage) share() float64 {
	return float64(c.held) / float64(c.held+c.above+c.below)
}

// TestFidelityCovers: intervals of differences hold what they are about.
func TestFidelityCovers(t *testing.T) {
	type cell struct {
		world       gaussianWorld
		experiments int
	}
	cells := []cell{{newGaussianWorld(8, 40, 4, 8), 60}}
	if n := *fidelityExperiments; n > 0 {
		cells = nil
		for size := range strings.FieldsSeq(*fidelitySizes) {
			var width, prompts int
			if _, err := fmt.Sscanf(size, "%dx%d", &width, &prompts); err != nil {
				t.Fatal(err)
			}
			cells = append(cells, cell{newGaussianWorld(width, prompts, 4, 8), n})
		}
	}
	for _, c := range cells {
		for _, pair := range [][2]arm{
			{{0, 1, 1}, {0, 1, 1}},             // both real: 0
			{{0.5, 0.9, 1.1}, {0.5, 0.9, 1.1}}, // alike, and not real: 0
			{{0.8, 0.9, 1.1}, {0.5, 0.9, 1.1}}, // elsewhere
			{{0.5, 0.7, 1.2}, {0.5, 0.9, 1.1}}, // spread otherwise
			{{0, 0.6, 0.8}, {0, 1, 1}},         // narrower than real
		} {
			truths := map[string]float64{
				FIDDifference: c.world.fid(pair[0]) - c.world.fid(pair[1]),
				KIDDifference: c.world.kid(pair[0]) - c.world.kid(pair[1]), KID: c.world.kid(pair[0]),
			}
			if pair[0] == pair[1] {
				truths[CMMDDifference] = 0
			}
			counts := map[string]*coverage{}
			for name := range truths {
				counts[name] = &coverage{}
			}
			var lock sync.Mutex
			var all sync.WaitGroup
			seeds := make(chan uint64)
			for range 2 {
				all.Go(func() {
					for seed := range seeds {
						reference, of := c.world.draw(rand.New(rand.NewPCG(seed, 5)), pair[0], pair[1])
						metrics, _, err := Fidelity(FidelityInput{
							Model: "m", Baseline: "b", Reference: "real", Features: of[0], BaselineFeatures: of[1], ReferenceFeatures: reference, Seed: 1,
						})
						if err != nil {
							t.Error(err)
						}
						lock.Lock()
						for _, m := range metrics {
							count := counts[m.Name]
							switch {
							case count == nil:
							case m.Low == nil:
								count.none++
							default:
								count.half += (*m.High - *m.Low) / 2
								count.error += *m.Value - truths[m.Name]
								switch {
								case *m.Low > truths[m.Name]:
									count.above++
								case *m.High < truths[m.Name]:
									count.below++
								default:
									count.held++
								}
							}
						}
						lock.Unlock()
					}
				})
			}
			for seed := range c.experiments {
				seeds <- uint64(seed)
			}
			close(seeds)
			all.Wait()
			for _, name := range []string{FIDDifference, KID, KIDDifference, CMMDDifference} {
				count := counts[name]
				if count == nil {
					continue
				}
				n := float64(c.experiments - count.none)
				t.Logf("d %d, %d prompts, %v %v: %-15s truth %8.4f error %8.4f half %7.4f: covered %5.1f %% (%d above, %d below, %d without)",
					c.world.width, c.world.prompts, pair[0], pair[1], name, truths[name], count.error/n, count.half/n, 100*count.share(), count.above, count.below, count.none)
				if *fidelityExperiments == 0 && (count.share() < 0.85 || count.none > 0) {
					t.Errorf("%s of %v and %v: covered %.3f, %d without", name, pair[0], pair[1], count.share(), count.none)
				}
			}
		}
	}
}
