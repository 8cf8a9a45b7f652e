package tuning

import "github.com/plumb-ml/plumb/plugins/sdk"

// Losses are the objectives that every sampler of this package can minimise.
func Losses() []sdk.Loss {
	return []sdk.Loss{
		{
			Name:    RewardWeighted,
			Summary: "Denoising error of drawn images, each weighed by its reward (Lee et al. 2023, equation 3, first term).",
			Needs:   []sdk.Need{sdk.NeedScores},
		},
		{
			Name:    Pretraining,
			Summary: "Denoising error of images of its own, all alike (Lee et al. 2023, equation 3, second term).",
			Needs:   []sdk.Need{sdk.NeedOwnImages},
		},
	}
}
