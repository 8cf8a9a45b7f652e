# The components of the paper at full size, stable_diffusion and clip, on models
# of their architecture that are tiny and random: what comes out means nothing.
# It shows how the blocks are written, and that sampling and scoring fit
# together. For the real thing, point weights at published directories, and
# leave out height and width.

experiment "tiny_random_sd" {
  description = "Stable Diffusion and CLIP with tiny, random weights: pictures and scores mean nothing"
  seed        = 1
}

prompts "words" {
  list = ["a cat", "two red dogs", "a horse on grass", "a blue car at night"]
}

sampler "stable_diffusion" "tiny_random" {
  weights             = "../plugins/ml/models/testdata/tiny-stable-diffusion"
  guidance_scale      = 7.5
  num_inference_steps = 10
  height              = 64
  width               = 64
}

encoder "clip" "tiny_random" {
  weights = "../plugins/ml/models/testdata/tiny-clip"
}

reward "clip_score" "meaningless" {
  encoder = encoder.tiny_random
}

evaluate "main" {
  models     = [sampler.tiny_random]
  prompts    = prompts.words
  per_prompt = 2
  rewards    = [reward.meaningless]
}
