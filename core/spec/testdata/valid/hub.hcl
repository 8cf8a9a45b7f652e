# Models of Hugging Face's hub that are not in the cache: the experiment is valid.
experiment "hub" {}

prompts "p" {
  list = ["a cat"]
}

sampler "shapes" "branch" {
  weights = "hf://someone/some.model"
}

sampler "shapes" "commit" {
  weights = "hf://someone/some.model@0123456789012345678901234567890123456789?variant=fp16"
}

evaluate "main" {
  models   = [sampler.branch, sampler.commit]
  baseline = sampler.branch
  prompts  = prompts.p
}
