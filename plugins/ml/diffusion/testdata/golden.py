"""Writes testdata/keys.json: runs of diffusers' schedulers on a small function in the
network's place, with the keys that change where a solver stands and ends.

Run in the environment of plugins/ml/peers/requirements.txt:  python golden.py
"""

import itertools
import json
import math
from pathlib import Path

import diffusers
import torch

BETAS = {"num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012}
LINEAR, COSINE = BETAS | {"beta_schedule": "scaled_linear"}, BETAS | {"beta_schedule": "squaredcos_cap_v2"}


def run(cls, config, steps):
    scheduler = getattr(diffusers, cls)(**config)
    scheduler.set_timesteps(steps)
    x = torch.tensor([1.5 * math.sin(1.7 * i + 0.3) for i in range(16)], dtype=torch.float64) * float(scheduler.init_noise_sigma)
    asked = []
    for t in scheduler.timesteps:
        asked.append(float(t))
        seen = scheduler.scale_model_input(x, t)
        x = scheduler.step(torch.sin(1.3 * seen + 0.002 * float(t)) + 0.1 * seen, t, x).prev_sample
    return {"class": cls, "config": config, "steps": steps, "timesteps": asked, "out": x.tolist()}


runs = []


def add(*how):
    runs.append(run(*how))


for spacing, steps in itertools.product(["linspace", "leading", "trailing"], [4, 7, 20]):
    place = {"timestep_spacing": spacing, "steps_offset": 1 if spacing == "leading" else 0}
    for final in ["zero", "sigma_min"]:
        add("EulerDiscreteScheduler", LINEAR | place | {"final_sigmas_type": final}, steps)
        add("DPMSolverMultistepScheduler", LINEAR | place | {"final_sigmas_type": final}, steps)
    for clipped in [-5.1, -3.0, -1.0]:
        add("DPMSolverMultistepScheduler", COSINE | place | {"lambda_min_clipped": clipped}, steps)
    add("DPMSolverMultistepScheduler", LINEAR | place | {"lambda_min_clipped": -2.0}, steps)
for steps in [4, 7, 20]:
    add("EulerDiscreteScheduler", LINEAR | {"final_sigmas_type": "sigma_min", "use_karras_sigmas": True}, steps)
    add("DPMSolverMultistepScheduler", LINEAR | {"use_karras_sigmas": True, "final_sigmas_type": "sigma_min"}, steps)
    add("DPMSolverMultistepScheduler", LINEAR | {"prediction_type": "v_prediction", "lambda_min_clipped": -2.0}, steps)
(Path(__file__).parent / "keys.json").write_text("[\n" + ",\n".join(json.dumps(r) for r in runs) + "\n]\n")
print(len(runs))
