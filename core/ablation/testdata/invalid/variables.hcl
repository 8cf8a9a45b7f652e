ablation "variables" {
  experiment = "../experiment.hcl"
  seeds      = [1, 1, -1, 1.5, "x"]

  vary = {
    auxilary_weight = [0, 1]
    unused          = [0, 1]
    seed            = [1, 2]
    solver          = []
    words           = [["a"], "b", 3]
    label_fraction  = [0.5, 1 / 2, var.x]
  }
}
