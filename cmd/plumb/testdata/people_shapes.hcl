# People in the world of shapes, in a few seconds' work: what is labelled and what is
# judged needs no tuning, so that all of it is asked at once.
experiment "people_shapes" {
  seed = 5
}

prompts "color" {
  template = "a {color} {object}"
  slots    = { color = ["red", "blue"], object = ["ring", "moon", "bar", "heart"] }
}

sampler "shapes" "base" {
  num_inference_steps = 2
}

encoder "shapes_clip" "clip" {}

images "labelled" {
  sampler    = sampler.base
  prompts    = prompts.color
  per_prompt = 3
}

labels "people" {
  images = images.labelled

  people {
    together = 3
  }
}

reward "feedback" "of_people" {
  encoder = encoder.clip
  labels  = labels.people
  steps   = 200
}

evaluate "main" {
  models     = [sampler.base]
  prompts    = prompts.color
  per_prompt = 2
  rewards    = [reward.of_people]

  alignment {
    people {
      per_image = 1
    }
  }
}
