package metric

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/stats"
)

const (
	// fidelityGroups is the number of parts that the jackknife leaves out in turn.
	fidelityGroups = 20
	// widestJackknife is the widest feature whose FID is computed again for
	// every group; one Inception FID (2048) of 5,000 images takes some 20 s of a processor.
	widestJackknife = 512
	// largestFullKernel is the most images whose KID is taken over all pairs;
	// their kernel takes 72 MB.
	largestFullKernel = 3000
	// kidSubsetSize and kidSubsets are used above that, as in published KIDs;
	// subsets are smaller where a set is.
	kidSubsetSize, kidSubsets = 1000, 100
)

// FidelityInput is the features of a model's images and of real images.
type FidelityInput struct {
	Model, Encoder, Reference   string
	Choice                      record.Choice // of the images that stand for the model's
	Component                   string        // what Encoder is, with its weights; optional
	Features, ReferenceFeatures [][]float32   // [images, width]
	Seed                        uint64        // of the groups and subsets

	// Prompts and ImageIDs, one for each row of Features, are optional. With
	// Prompts the interval resamples prompts and not images; ImageIDs name the
	// image in an error.
	Prompts, ImageIDs []string
}

// Fidelity measures how far the features of a model's images are from those of
// real images: fid (frechet) and kid (KernelDistance), for all prompts
// together.
//
// The intervals are of the model's images; the reference is taken as it is.
// They leave out a twentieth of the prompts at a time (delete-a-group
// jackknife), since a bootstrap, which repeats images, would bias both. FID
// shrinks with the number of images: only FIDs of equally many images and the
// same reference may be compared, and the protocol names both. A feature that
// is NaN or infinite is an error that names its image.
func Fidelity(in FidelityInput) ([]record.Metric, []dataset.PromptValue, error) {
	m := record.Metric{
		Subject: in.Model, Choice: in.Choice, Versus: in.Reference, Encoder: in.Encoder,
		N: len(in.Features), Clusters: len(in.Features),
		Protocol: map[string]string{
			"encoder":          in.Encoder,
			"reference":        in.Reference,
			"images":           fmt.Sprint(len(in.Features)),
			"reference images": fmt.Sprint(len(in.ReferenceFeatures)),
			"seed":             fmt.Sprint(in.Seed),
		},
	}
	if in.Component != "" {
		m.Protocol["component"] = in.Component
	}
	fid, kid := as(m, FID), as(m, KID)
	if in.Prompts != nil && len(in.Prompts) != len(in.Features) {
		return nil, nil, fmt.Errorf("features of %s: %d prompts for %d images", in.Model, len(in.Prompts), len(in.Features))
	}
	if in.ImageIDs != nil && len(in.ImageIDs) != len(in.Features) {
		return nil, nil, fmt.Errorf("features of %s: %d image IDs for %d images", in.Model, len(in.ImageIDs), len(in.Features))
	}
	if min(len(in.Features), len(in.ReferenceFeatures)) < 2 {
		const why = "fewer than two images"
		return []record.Metric{without(fid, why), without(kid, why)}, nil, nil
	}
	x, err := matrixOf(in.Features, in.ImageIDs)
	if err != nil {
		return nil, nil, fmt.Errorf("features of %s: %w", in.Model, err)
	}
	y, err := matrixOf(in.ReferenceFeatures, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("features of %s: %w", in.Reference, err)
	}
	if _, width := x.Dims(); width != y.RawMatrix().Cols {
		return nil, nil, fmt.Errorf("features of different width: %d of %s, %d of %s", width, in.Model, y.RawMatrix().Cols, in.Reference)
	}
	order, groups, clusters := in.groups()
	x = rowsOf(x, order) // sums in an order that does not depend on the caller's
	fid.Clusters, kid.Clusters = clusters, clusters
	width := x.RawMatrix().Cols
	protocol := fmt.Sprintf("%d-dimensional features of %s", width, cmp.Or(in.Component, in.Encoder))
	fid.Protocol = with(with(fid.Protocol, "features", protocol), "covariance", "divided by n-1")
	kid.Protocol = with(with(kid.Protocol, "features", protocol), "kernel", "(x.y/d+1)^3, unbiased")

	if fid, err = measureFID(fid, x, y, groups); err != nil {
		return nil, nil, fmt.Errorf("fid of %s: %w", in.Model, err)
	}
	if kid, err = measureKID(kid, x, y, groups, in.Seed); err != nil {
		return nil, nil, fmt.Errorf("kid of %s: %w", in.Model, err)
	}
	return []record.Metric{fid, kid}, nil, nil
}

func measureFID(m record.Metric, x, y *mat.Dense, groups [][]int) (record.Metric, error) {
	images, width := x.Dims()
	references, _ := y.Dims()
	if min(images, references) <= width {
		m.Note = join(m.Note, "no more images than feature dimensions: the covariance is singular and the distance biased upwards")
	}
	reference := momentsOf(y)
	value, err := frechet(momentsOf(x), reference)
	if err != nil {
		return m, err
	}
	m = number(m, value)
	if width > widestJackknife {
		m.Note = join(m.Note, fmt.Sprintf("no interval: features wider than %d", widestJackknife))
		return m, nil
	}
	return jackknife(m, images, groups, func(kept []int) (float64, error) {
		return frechet(momentsOf(rowsOf(x, kept)), reference)
	})
}

func measureKID(m record.Metric, x, y *mat.Dense, groups [][]int, seed uint64) (record.Metric, error) {
	images, _ := x.Dims()
	references, _ := y.Dims()
	if max(images, references) > largestFullKernel {
		size := min(kidSubsetSize, images, references)
		distances, err := KernelDistanceSubsets(x, y, size, kidSubsets, seed)
		if err != nil {
			return m, err
		}
		m.Protocol = with(m.Protocol, "subsets", fmt.Sprintf("%d of %d images", kidSubsets, size))
		mean, deviation := stat.MeanStdDev(distances, nil)
		m.Note = join(m.Note, fmt.Sprintf("standard deviation over subsets %.4g; no interval", deviation))
		return number(m, mean), nil
	}
	m.Protocol = with(m.Protocol, "subsets", "none: all pairs of images")
	value, err := KernelDistance(x, y)
	if err != nil {
		return m, err
	}
	return jackknife(number(m, value), images, groups, leaveOutKID(x, y))
}

// leaveOutKID is the kernel distance of some rows of x to y, from sums over the
// kernel that are made once.
func leaveOutKID(x, y *mat.Dense) func(kept []int) (float64, error) {
	n, width := x.Dims()
	m, _ := y.Dims()
	cube := func(_, _ int, product float64) float64 {
		base := product/float64(width) + 1
		return base * base * base
	}
	var inside, across mat.Dense // k(x, x) [n, n]; k(x, y) [n, m]
	inside.Mul(x, x.T())
	inside.Apply(cube, &inside)
	across.Mul(x, y.T())
	across.Apply(cube, &across)
	crossSums := make([]float64, n)
	for i := range crossSums {
		for _, value := range across.RawRowView(i) {
			crossSums[i] += value
		}
	}
	ofY, diagonalY := kernelSums(y, y)
	yTerm := (ofY - diagonalY) / float64(m*(m-1))
	return func(kept []int) (float64, error) {
		var ofX, cross float64
		for _, i := range kept {
			row := inside.RawRowView(i)
			for _, j := range kept {
				if i != j {
					ofX += row[j]
				}
			}
			cross += crossSums[i]
		}
		k := float64(len(kept))
		return ofX/(k*(k-1)) + yTerm - 2*cross/(k*float64(m)), nil
	}
}

// jackknife adds the interval of a distance, from the distances without each group.
func jackknife(m record.Metric, images int, groups [][]int, distance func(kept []int) (float64, error)) (record.Metric, error) {
	if len(groups) < 5 || images < 3*len(groups) {
		m.Note = join(m.Note, "no interval: too few images or prompts")
		return m, nil
	}
	leftOut := make([]float64, len(groups))
	for g, group := range groups {
		out := map[int]bool{}
		for _, row := range group {
			out[row] = true
		}
		kept := make([]int, 0, images-len(group))
		for row := range images {
			if !out[row] {
				kept = append(kept, row)
			}
		}
		var err error
		if leftOut[g], err = distance(kept); err != nil {
			return m, err
		}
	}
	interval, err := stats.Jackknife(*m.Value, leftOut, stats.Level)
	if err != nil {
		return m, err
	}
	m.Low, m.High = &interval.Low, &interval.High
	m.Protocol = with(m.Protocol, "interval", fmt.Sprintf("95 %%, jackknife over %d groups of the model's prompts, reference fixed", len(groups)))
	return m, nil
}

// groups sorts the images by prompt and content and deals the prompts (or, if
// they are not known, the images) out to groups at random. order lists the rows
// of Features; the groups hold positions in order.
func (in FidelityInput) groups() (order []int, groups [][]int, clusters int) {
	order = make([]int, len(in.Features))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if in.Prompts != nil {
			if c := cmp.Compare(in.Prompts[a], in.Prompts[b]); c != 0 {
				return c
			}
		}
		return slices.Compare(in.Features[a], in.Features[b])
	})
	var prompts [][]int
	for at, row := range order {
		if at == 0 || in.Prompts == nil || in.Prompts[row] != in.Prompts[order[at-1]] {
			prompts = append(prompts, nil)
		}
		last := len(prompts) - 1
		prompts[last] = append(prompts[last], at)
	}
	groups = make([][]int, min(fidelityGroups, len(prompts)))
	random := rand.New(rand.NewPCG(in.Seed, 0x6a61636b)) // "jack"
	for turn, p := range random.Perm(len(prompts)) {
		g := turn % len(groups)
		groups[g] = append(groups[g], prompts[p]...)
	}
	return order, groups, len(prompts)
}

// matrixOf checks features and widens them to float64. ids name the rows; nil:
// they are numbered.
func matrixOf(features [][]float32, ids []string) (*mat.Dense, error) {
	width := len(features[0])
	if width == 0 {
		return nil, fmt.Errorf("image 1 has an empty feature")
	}
	x := mat.NewDense(len(features), width, nil)
	for i, feature := range features {
		name := fmt.Sprintf("image %d", i+1)
		if ids != nil {
			name = fmt.Sprintf("image %q", ids[i])
		}
		if len(feature) != width {
			return nil, fmt.Errorf("%s has a feature of width %d, the first image one of %d", name, len(feature), width)
		}
		for j, value := range feature {
			if math.IsNaN(float64(value)) || math.IsInf(float64(value), 0) {
				return nil, fmt.Errorf("%s has the feature value %v at position %d", name, value, j)
			}
			x.Set(i, j, float64(value))
		}
	}
	return x, nil
}
