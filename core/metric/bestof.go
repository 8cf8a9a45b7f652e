package metric

import (
	"fmt"
	"maps"
	"slices"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// Draw is the line of a protocol that says among which images was chosen: "4 of 16 of
// MODEL". Of other models' images it says what they are compared with.
const Draw = "draw"

// BestOfInput is the labels of the images that rewards chose among the same
// drawn ones, and of others.
type BestOfInput struct {
	Model   string // who drew the images
	N, Keep int    // images drawn and kept a prompt
	Chosen  []Chosen
	Random  []table.Label            // Keep of the same N by chance; nil: not compared
	Models  map[string][]table.Label // by model: its images of the same prompts, as many as are kept
	Rater   string
	Seed    uint64 // of random sign flips
}

// Chosen is the images that a reward chose.
type Chosen struct {
	Reward  string
	Labels  []table.Label
	Against []string // those of Models that they are compared with
}

// BestOf measures rejection sampling: the Keep best of N images by a reward,
// against as many random ones, against other models, and against the best by each
// reward that comes later: choosing by a reward that was learned is worth what it
// adds to choosing by one that was not. The metrics are those of Alignment with the
// prefix best_of_ (best_of_good_share, best_of_win_share, ...). The subject is "best
// 4 of 16 of MODEL by REWARD"; what it is compared with is "random 4 of 16 of MODEL",
// a model's name, or the best by another reward.
func BestOf(in BestOfInput) ([]record.Metric, []dataset.PromptValue, error) {
	draw := fmt.Sprintf("%d of %d of %s", in.Keep, in.N, in.Model)
	var metrics []record.Metric
	var values []dataset.PromptValue
	// alone adds what raters say of images, whomever they are compared with.
	alone := func(name string, choice record.Choice, reward string, labels []table.Label) (side, error) {
		images, err := byImage(labels)
		if err != nil {
			return side{}, fmt.Errorf("labels of the %s: %w", name, err)
		}
		protocol := ratingProtocol(in.Rater, images)
		protocol[Draw] = draw
		if reward != "" {
			protocol["reward"] = reward
		}
		s := side{name, choice, sets(images), protocol}
		m := record.Metric{Name: bestOf, Subject: name, Choice: choice, Rater: in.Rater, Reward: reward, Protocol: protocol}
		shares, shareValues := goodShares(s.sets, m, newEstimator(in.Seed, promptKeysOf(s.sets, setKey)))
		metrics, values = append(metrics, shares...), append(values, shareValues...)
		return s, nil
	}

	var best []side
	for _, chosen := range in.Chosen {
		s, err := alone(fmt.Sprintf("best %s by %s", draw, chosen.Reward), record.Best, chosen.Reward, chosen.Labels)
		if err != nil {
			return nil, nil, err
		}
		best = append(best, s)
	}
	var random []side
	if in.Random != nil {
		s, err := alone("random "+draw, record.Random, "", in.Random)
		if err != nil {
			return nil, nil, err
		}
		random = []side{s}
	}
	models := map[string]side{}
	for _, name := range slices.Sorted(maps.Keys(in.Models)) {
		s, err := alone(name, record.All, "", in.Models[name])
		if err != nil {
			return nil, nil, err
		}
		models[name] = s
	}

	for i, chosen := range in.Chosen {
		others := slices.Concat(random, best[i+1:])
		for _, name := range chosen.Against {
			other, ok := models[name]
			if !ok {
				return nil, nil, fmt.Errorf("the %s is compared with %s, which has no labels", best[i].name, name)
			}
			others = append(others, other)
		}
		for _, other := range others {
			m := record.Metric{
				Name: bestOf, Subject: best[i].name, Choice: best[i].choice, Versus: other.name, VersusChoice: other.choice,
				Rater: in.Rater, Reward: chosen.Reward, Protocol: best[i].protocol,
			}
			e := newEstimator(in.Seed, promptKeysOf(best[i].sets, setKey), promptKeysOf(other.sets, setKey))
			compared, comparedValues := winRates(best[i].sets, other.sets, m, e)
			metrics, values = append(metrics, compared...), append(values, comparedValues...)
		}
	}
	return metrics, values, nil
}

// side is images that are compared with others.
type side struct {
	name     string
	choice   record.Choice
	sets     []set
	protocol map[string]string
}
