package spec

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// beside is what stands outside of the rounds of the tests below.
const beside = `
experiment "x" {}
prompts "color" { list = ["a red square", "a blue square"] }
sampler "shapes" "base" {}
encoder "shapes_clip" "clip" {}
rater "shapes_judge" "crowd" {}
`

// Rounds are the same experiment as their blocks, written out.
func TestRoundsStandForTheirBlocks(t *testing.T) {
	canonical := func(text string) string {
		document, err := load(t, beside+text, Options{}).Canonical()
		if err != nil {
			t.Fatal(err)
		}
		return string(document)
	}
	short := canonical(`
rounds "feedback" {
  count = length(["first", "second"])
  model = sampler.base

  images "drawn" {
    sampler    = round.model
    prompts    = prompts.color
    per_prompt = 2 + round.number
  }
  labels "crowd" {
    images = images.drawn
    rater  = rater.crowd
    count  = 4
    select = "uncertain"
  }
  reward "feedback" "learned" {
    encoder = encoder.clip
    labels  = round.labels
  }
  finetune "tuned" {
    sampler = round.model
    reward  = reward.learned
    images  = images.drawn
    steps   = 40
    loss "reward_weighted" {}
  }
}
evaluate "main" {
  models  = [sampler.base, finetune.tuned_1, finetune.tuned]
  prompts = prompts.color
  rewards = [reward.learned]
}
`)
	written := canonical(`
images "drawn_1" {
  sampler    = sampler.base
  prompts    = prompts.color
  per_prompt = 3
}
labels "crowd_1" {
  images = images.drawn_1
  rater  = rater.crowd
  count  = 4
}
reward "feedback" "learned_1" {
  encoder = encoder.clip
  labels  = labels.crowd_1
}
finetune "tuned_1" {
  sampler = sampler.base
  reward  = reward.learned_1
  images  = images.drawn_1
  steps   = 40
  loss "reward_weighted" {}
}
images "drawn_2" {
  sampler    = finetune.tuned_1
  prompts    = prompts.color
  per_prompt = 4
}
labels "crowd_2" {
  images = images.drawn_2
  rater  = rater.crowd
  count  = 4
  select = "uncertain"
  reward = reward.learned_1
}
reward "feedback" "learned_2" {
  encoder = encoder.clip
  labels  = [labels.crowd_1, labels.crowd_2]
}
finetune "tuned_2" {
  sampler = finetune.tuned_1
  reward  = reward.learned_2
  images  = images.drawn_2
  steps   = 40
  loss "reward_weighted" {}
}
evaluate "main" {
  models  = [sampler.base, finetune.tuned_1, finetune.tuned_2]
  prompts = prompts.color
  rewards = [reward.learned_2]
}
`)
	if difference := cmp.Diff(written, short); difference != "" {
		t.Errorf("in rounds it is another experiment (-written out +rounds):\n%s", difference)
	}
}

// A mistake in a block is told once, however many rounds have it, and one that only a
// later round has is told, too.
func TestMistakesOfRoundsAreToldOnce(t *testing.T) {
	text := beside + `
rounds "feedback" {
  count = COUNT
  model = sampler.base

  images "drawn" {
    sampler    = round.model
    prompts    = prompts.colour
    per_prompt = 3 - round.number # of the third round none
  }
}

# Of rounds that may be there.
images "more" {
  sampler = sampler.base
  prompts = prompts.color
}
labels "third" {
  images = images.drawn_3
  rater  = rater.crowd
}
`
	for count, want := range map[string][]string{
		"100":    {"Unknown prompts", "Wrong value"},
		"2":      {"Unknown prompts", "No such round"},
		"2.5":    {"Wrong value", "Unknown prompts"},
		"var.no": {"Unknown variable", "Unknown prompts"},
	} {
		_, found := Load(t.Context(), write(t, strings.Replace(text, "COUNT", count, 1)), Options{Catalog: catalog})
		var got []string
		for _, d := range found {
			got = append(got, d.Summary)
		}
		if difference := cmp.Diff(want, got); difference != "" {
			t.Errorf("count = %s (-want +got):\n%s%s", count, difference, printed(t, found, NewFiles()))
		}
	}
}

// What the finetune of the rounds names is round.reward, where there are several.
func TestTheRewardOfARound(t *testing.T) {
	s := load(t, beside+`
rounds "feedback" {
  count = 2
  model = sampler.base

  images "drawn" {
    sampler    = round.model
    prompts    = prompts.color
    per_prompt = 4
  }
  labels "crowd" {
    images   = images.drawn
    rater    = rater.crowd
    fraction = 0.5
    select   = "uncertain"
  }
  reward "clip_score" "clip" { encoder = encoder.clip }
  reward "feedback" "learned" {
    encoder = encoder.clip
    labels  = round.labels
  }
  reward "weighted_sum" "mix" {
    normalize = "none"
    member {
      reward = reward.learned
      weight = 1
    }
    member {
      reward = reward.clip
      weight = 1
    }
  }
  finetune "tuned" {
    sampler = round.model
    reward  = reward.mix
    images  = images.drawn
    steps   = 40
    loss "reward_weighted" {}
  }
}
`, Options{})
	first, second := s.Labels[0], s.Labels[1]
	if first.Reward != nil || first.Select != SelectRandom {
		t.Errorf("the first round labels what %v is unsure of (%s)", first.Reward, first.Select)
	}
	if second.Reward == nil || second.Reward.Name != "mix_1" || second.Select != SelectUncertain {
		t.Errorf("the second round labels what %+v is unsure of (%s)", second.Reward, second.Select)
	}
}
