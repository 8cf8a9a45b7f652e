# The experiment beside it, over values of its variables and over seeds:
#
#   plumb run ablation.hcl
ablation "EXPERIMENT_auxiliary" {
  description = "does prompt classification help the reward?"
  experiment  = "experiment.hcl"
  seeds       = [1, 2, 3]
  vary        = { auxiliary_weight = [0, 0.5] }
  baseline    = { auxiliary_weight = 0 }
  measure     = [metric.reward_accuracy, metric.alignment]
}
