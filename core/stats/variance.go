package stats

import (
	"cmp"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// FewestClusters is the fewest clusters that make an interval. The variance that
// fewer show is too uncertain for an interval that covers what it says.
const FewestClusters = 6

// Cluster is the sum of a quantity over the items of a cluster, their number, and
// the stratum in which the cluster was drawn. Strata whose numbers are near are
// taken to be alike: see Variance.
type Cluster struct {
	Sum, N  float64
	Stratum int
}

// Variance estimates the variance of a statistic over clusters from how much each
// cluster moves it, which is the cluster's influence (linearised residual) r_i, and
// from the stratum of each.
//
// Särndal, Swensson and Wretman (1992), Model Assisted Survey Sampling, section
// 5.5, for n_h clusters drawn from endlessly many in stratum h:
//
//	v = sum over h of n_h/(n_h-1) sum over i in h of ( r_i - mean_h r )²
//
// with n - H degrees of freedom for n clusters in H strata. A stratum with a
// single cluster shows no variance; it is joined with the stratum of the nearest
// number, of two as near the lower (collapsed strata, Cochran (1977), Sampling
// Techniques, section 5A.12). What differs between the two then counts as
// variance, which errs to the wide side.
//
// Fewer than FewestClusters are ErrTooFew.
func Variance(influences []float64, strata []int) (variance, degrees float64, err error) {
	if len(influences) < FewestClusters {
		return 0, 0, ErrTooFew
	}
	groups := collapse(strata)
	for _, group := range groups {
		size := float64(len(group))
		var mean, squares float64
		for _, i := range group {
			mean += influences[i] / size
		}
		for _, i := range group {
			squares += (influences[i] - mean) * (influences[i] - mean)
		}
		variance += size / (size - 1) * squares
	}
	return variance, float64(len(influences) - len(groups)), nil
}

// collapse lists the clusters of each stratum, in the order of their numbers,
// after joining the strata of a single cluster with others.
func collapse(strata []int) [][]int {
	type stratum struct {
		number  int
		members []int
	}
	order := make([]int, len(strata))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(strata[a], strata[b]) })
	var all []stratum
	for _, i := range order {
		if n := len(all); n == 0 || all[n-1].number != strata[i] {
			all = append(all, stratum{number: strata[i]})
		}
		last := &all[len(all)-1]
		last.members = append(last.members, i)
	}
	for len(all) > 1 {
		at := slices.IndexFunc(all, func(s stratum) bool { return len(s.members) == 1 })
		if at < 0 {
			break
		}
		near := at - 1
		if at == 0 || at+1 < len(all) && all[at+1].number-all[at].number < all[at].number-all[near].number {
			near = at + 1
		}
		all[near].members = append(all[near].members, all[at].members...)
		all = slices.Delete(all, at, at+1)
	}
	groups := make([][]int, len(all))
	for i, s := range all {
		groups[i] = s.members
	}
	return groups
}

// strataOf lists the strata of clusters.
func strataOf(clusters []Cluster) []int {
	strata := make([]int, len(clusters))
	for i, c := range clusters {
		strata[i] = c.Stratum
	}
	return strata
}

// studentQuantile is t[(1+level)/2] with some degrees of freedom.
func studentQuantile(level, degrees float64) float64 {
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: degrees}.Quantile(0.5 + level/2)
}
