# Lee et al. 2023, "Aligning Text-to-Image Models using Human Feedback"
# (arXiv 2302.12192), at full size: Stable Diffusion v1.5, CLIP ViT-L/14, labels
# of people. The weights, the labels and COCO do not come with Plumb; `plumb plan`
# says what is missing, where it comes from, and what a run would cost.
#
# Every setting that the paper does not state is marked "ours". Where it is not
# certain what the paper did, the comment says so.
#
#   plumb plan experiments/lee2023_sd15.hcl
#   plumb run experiments/lee2023_sd15.hcl --backend xla:cuda

experiment "lee2023_sd15" {
  description = "Lee et al. 2023 at full size: Stable Diffusion v1.5, CLIP ViT-L/14, human labels"
  seed        = var.seed
}

variable "seed" {
  description = "ours: the paper reports one run for each setting"
  default     = 1
}

# Where things are. Nothing is fetched without being asked. The models are those of
# Hugging Face's hub:
#
#   plumb download experiments/lee2023_sd15.hcl --dry-run   # how large
#   plumb download experiments/lee2023_sd15.hcl
#
# fetches what is read of them into the hub's cache (~/.cache/huggingface, or
# HF_HOME). main may move: for a study that others repeat, write @ and the commit
# that plumb download names behind the model. Weights that are on the disk already
# are named by their directory, relative to this file:
#
#   plumb plan experiments/lee2023_sd15.hcl -var stable_diffusion=../weights/stable-diffusion-v1-5
variable "stable_diffusion" {
  description = "Stable Diffusion v1.5 in diffusers' layout, about 4 GB in float32: a model of the hub, or a directory"
  default     = "hf://stable-diffusion-v1-5/stable-diffusion-v1-5"
}

variable "clip" {
  description = "CLIP ViT-L/14 in transformers' layout, 1.7 GB: a model of the hub, or a directory"
  default     = "hf://openai/clip-vit-large-patch14"
}

# The rest are files and directories beside this file.

variable "inception" {
  description = "pytorch-fid's weights of FID's Inception-v3 as safetensors; plumb plugins has the line that makes them"
  default     = "../weights/pt_inception-2015-12-05.safetensors"
}

variable "labels" {
  description = "people's labels: CSV or Parquet with image_id, label (good, bad, skip) and, of several people, rater"
  default     = "../data/lee2023/labels.csv"
}

variable "evaluation_labels" {
  description = "people's labels of the models' images, like labels; the paper has nine people a query"
  default     = "../data/lee2023/evaluation_labels.csv"
}

variable "coco_captions" {
  description = "captions of COCO 2014's validation set, one on a line: the paper has 40,504 of one for each image"
  default     = "../data/coco2014-val/captions.txt"
}

variable "fid_captions" {
  description = "how many of the captions are drawn for"
  default     = 40504
}

variable "coco" {
  description = "images of COCO 2014's validation set with a caption each: metadata.jsonl beside them, or Parquet"
  default     = "../data/coco2014-val/images"
}

variable "pretraining" {
  description = "images of LAION-5B's aesthetic subset with captions; the paper takes 625,000"
  default     = "../data/laion-aesthetic"
}

# What is labelled. The paper has 60 or 6 images a prompt and 27,528 in all; how
# many prompts have 60 and how many 6 is not certain. Ours: 6 of each of 4,588
# prompts, which makes 27,528. For 60: 459 prompts.
variable "images_per_prompt" {
  description = "labelled images of a prompt: 6 or 60"
  default     = 6
}

variable "label_prompts" {
  description = "ours: how many of the seen prompts are labelled"
  default     = 4588
}

variable "label_fraction" {
  description = "share of the labelled images that the rewards learn from; the paper halves the images in an ablation"
  default     = 1.0
}

# The reward: T and lambda are the paper's.
variable "auxiliary_weight" {
  description = "lambda: weight of the prompt-classification loss"
  default     = 0.5
}

variable "temperature" {
  description = "T of the prompt-classification loss"
  default     = 2
}

variable "temperature_on" {
  description = "ours: whether T divides the reward (sigmoid), as the paper's words have it, or the logit under it (logit)"
  default     = "sigmoid"
}

variable "hidden_layers" {
  description = "the paper's \"two-layer MLP\" with 1,024 hidden units can be read as one hidden layer or two"
  default     = 1
}

# The fine-tuning: steps and batch are the paper's.
variable "steps" {
  description = "fine-tuning steps"
  default     = 10000
}

variable "batch_size" {
  description = "images of each loss in a step: with the pre-training loss, 512 in all and half of them pre-training data"
  default     = 256
}

variable "micro_batch_size" {
  description = "ours: images that pass through the network at once; the paper has 8 on each of 4 GPUs"
  default     = 8
}

variable "learning_rate" {
  description = "ours: the paper does not state it; 2e-5 is in the name of a later checkpoint of the group"
  default     = 2e-5
}

variable "pretraining_weight" {
  description = "beta of the paper's equation 3; its value is ours, the paper does not state it"
  default     = 0.5
}

# Rejection sampling: the best 4 of 16, as in the paper.
variable "best_of" {
  description = "images drawn per prompt, of which the reward keeps four"
  default     = 16
}

# The word lists are those of a third party that re-made them; their sizes are
# the paper's: 25 objects, 9 colours, counts of one to six, 8 backgrounds.
locals {
  objects = [
    "dog", "cat", "lion", "orange", "vase", "cup", "apple", "chair", "bird", "cake", "bicycle", "tree", "donut",
    "box", "plate", "clock", "backpack", "car", "airplane", "bear", "horse", "tiger", "rabbit", "rose", "wolf",
  ]
  colors = ["red", "yellow", "green", "blue", "black", "pink", "purple", "white", "brown"]
  counts = ["one", "two", "three", "four", "five", "six"]
  backgrounds = [
    "in the forest", "in the city", "on the moon", "in the field", "in the sea", "on the table", "in the desert",
    "in San Francisco",
  ]
  # Five objects are held out, as in the paper; which five is ours.
  held_out = ["cup", "bird", "donut", "tiger", "rose"]
}

# "a green colored rabbit" is the paper's wording; that of the other templates is
# ours, as is the singular behind a count.
prompts "count" {
  template = "{count} {object}"
  slots    = { count = local.counts, object = local.objects }
  unseen   = { object = local.held_out }
}

prompts "color" {
  template = "a {color} colored {object}"
  slots    = { color = local.colors, object = local.objects }
  unseen   = { object = local.held_out }
}

prompts "background" {
  template = "a {object} {background}"
  slots    = { object = local.objects, background = local.backgrounds }
  unseen   = { object = local.held_out }
}

# The paper combines count, colour and background; that a prompt has all three,
# and how many of the 10,800 there are, is ours.
prompts "combination" {
  template = "{count} {color} colored {object} {background}"
  slots = {
    count      = local.counts
    color      = local.colors
    object     = local.objects
    background = local.backgrounds
  }
  unseen = { object = local.held_out }
  limit  = 5400
}

# FID's prompts. Without the file, its 40,504 lines are counted in a plan.
prompts "coco" {
  path  = var.coco_captions
  limit = var.fid_captions
}

# Sampler, steps and guidance are not stated in the paper: 50 steps of PNDM and
# 7.5 are the model's own in diffusers.
sampler "stable_diffusion" "base" {
  weights             = var.stable_diffusion
  guidance_scale      = 7.5
  num_inference_steps = 50
  solver              = "pndm"
}

encoder "clip" "clip" {
  weights = var.clip
}

encoder "inception" "inception" {
  weights = var.inception
}

# What people label. When they are drawn,
#
#   plumb export experiments/lee2023_sd15.hcl sample/labelled DIRECTORY --label-sheet
#
# writes the images with a labels.csv to fill in. People are asked about
# alignment alone, and may skip.
images "labelled" {
  sampler    = sampler.base
  prompts    = [prompts.count, prompts.color, prompts.background, prompts.combination]
  split      = "seen"
  limit      = var.label_prompts
  per_prompt = var.images_per_prompt
}

# The paper scores 16,000 more images by the reward; their prompts are ours.
images "unlabelled" {
  sampler    = sampler.base
  prompts    = [prompts.count, prompts.color, prompts.background, prompts.combination]
  split      = "seen"
  limit      = 4000
  per_prompt = 4
}

images "laion" {
  path  = var.pretraining
  limit = 625000
}

images "coco" {
  path  = var.coco
  limit = var.fid_captions
}

labels "human" {
  images   = images.labelled
  path     = var.labels
  fraction = var.label_fraction
}

# Rewards on CLIP's embeddings: the CLIP score, and a perceptron of 1,024 hidden
# units without and with prompt classification. 23,000 of the labels train, the
# rest validates. Steps, batch, learning rate, weight decay, the number of
# negatives, standardized inputs and early stopping are ours.
reward "clip_score" "clip_score" {
  encoder = encoder.clip
}

reward "feedback" "no_auxiliary" {
  encoder          = encoder.clip
  labels           = labels.human
  hidden_units     = 1024
  hidden_layers    = var.hidden_layers
  validation_share = 0.1645
  steps            = 10000
  batch_size       = 64
  learning_rate    = 1e-3
}

reward "feedback" "with_auxiliary" {
  encoder          = encoder.clip
  labels           = labels.human
  hidden_units     = 1024
  hidden_layers    = var.hidden_layers
  validation_share = 0.1645
  steps            = 10000
  batch_size       = 64
  learning_rate    = 1e-3

  auxiliary "prompt_classification" {
    weight      = var.auxiliary_weight
    temperature = var.temperature
    on          = var.temperature_on
    negatives   = 9
  }
}

# Fine-tuning: labelled images; with unlabelled ones; with the pre-training loss,
# which is the full method. AdamW, steps and batch are the paper's; warm-up,
# weight decay, clipping, captions left out (for guidance) and no moving average are
# ours.
finetune "labelled" {
  sampler            = sampler.base
  reward             = reward.with_auxiliary
  images             = [images.labelled]
  steps              = var.steps
  batch_size         = var.batch_size
  learning_rate      = var.learning_rate
  warmup_steps       = 500
  weight_decay       = 0.01
  gradient_clip_norm = 1
  micro_batch_size   = var.micro_batch_size
  prompt_dropout     = 0.1

  loss "reward_weighted" {}
}

finetune "unlabelled" {
  sampler            = sampler.base
  reward             = reward.with_auxiliary
  images             = [images.labelled, images.unlabelled]
  steps              = var.steps
  batch_size         = var.batch_size
  learning_rate      = var.learning_rate
  warmup_steps       = 500
  weight_decay       = 0.01
  gradient_clip_norm = 1
  micro_batch_size   = var.micro_batch_size
  prompt_dropout     = 0.1

  loss "reward_weighted" {}
}

finetune "full" {
  sampler            = sampler.base
  reward             = reward.with_auxiliary
  images             = [images.labelled, images.unlabelled]
  steps              = var.steps
  batch_size         = var.batch_size
  learning_rate      = var.learning_rate
  warmup_steps       = 500
  weight_decay       = 0.01
  gradient_clip_norm = 1
  micro_batch_size   = var.micro_batch_size
  prompt_dropout     = 0.1

  loss "reward_weighted" {
    normalize = "none" # the rewards themselves, so that the weight below is the paper's beta
  }

  loss "pretraining" {
    weight = var.pretraining_weight
    images = [images.laion]
  }
}

# The paper's table, column "average reward on the test prompts", and its people's
# labels: 120 prompts, 60 seen and 60 unseen in the paper, drawn here in the
# categories' own proportions. Four images a prompt, as people were shown.
evaluate "test" {
  models = [
    sampler.base,
    finetune.labelled, finetune.unlabelled, finetune.full,
  ]
  baseline   = sampler.base
  prompts    = [prompts.count, prompts.color, prompts.background, prompts.combination]
  per_prompt = 4
  limit      = 120
  rewards    = [reward.clip_score, reward.no_auxiliary, reward.with_auxiliary]

  # What people say of the models' images, and of the best 4 of 16. When they are
  # drawn,
  #
  #   plumb export experiments/lee2023_sd15.hcl evaluate/test DIRECTORY --label-sheet
  #
  # writes them in one sheet, mixed. The paper shows two models' sets of images side
  # by side to nine people and counts two thirds of the votes; here every person
  # judges image by image, and votes for the model with more good ones.
  alignment {
    path = var.evaluation_labels
  }

  best_of {
    sampler = sampler.base
    reward  = reward.with_auxiliary
    n       = var.best_of
    keep    = 4
    against = [finetune.full]
  }

  # The control: the same images, chosen by the CLIP score.
  best_of {
    sampler = sampler.base
    reward  = reward.clip_score
    n       = var.best_of
    keep    = 4
  }
}

# The table's column FID: one image for each of COCO's captions against COCO's
# images, both at 256 x 256 pixels in the paper; here Inception's own resizing takes
# images as they are.
evaluate "coco" {
  models = [
    sampler.base,
    finetune.labelled, finetune.unlabelled, finetune.full,
  ]
  baseline   = sampler.base
  prompts    = prompts.coco
  per_prompt = 1

  fidelity {
    reference = images.coco
    encoder   = encoder.inception
  }
}
