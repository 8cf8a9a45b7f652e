# Not in the paper: whether the reward also reads the terms of the cosine, which are the
# products of the two embeddings' values. On the embeddings alone, as in the paper, a
# small reward has to learn from its labels what a cosine is.

ablation "products" {
  description = "must the reward be given the terms of the cosine?"
  experiment  = "../experiments/lee2023_shapes.hcl"
  seeds       = [1, 2, 3]

  vary = { products = [true, false] }

  baseline = { products = true }
  measure  = [metric.reward_accuracy]
}
