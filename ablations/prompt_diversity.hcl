# Few prompts with many images each, or many with few: 2,400 labelled images in
# every row.

ablation "prompt_diversity" {
  description = "is it better to label more prompts, or more images of each?"
  experiment  = "../experiments/lee2023_shapes.hcl"
  seeds       = [1, 2, 3]

  rows = [
    { label_prompts = 15, images_per_prompt = 160 },
    { label_prompts = 30, images_per_prompt = 80 },
    { label_prompts = 60, images_per_prompt = 40 },
    { label_prompts = 120, images_per_prompt = 20 },
  ]

  baseline = { label_prompts = 120, images_per_prompt = 20 }
  measure  = [metric.reward_accuracy]
}
