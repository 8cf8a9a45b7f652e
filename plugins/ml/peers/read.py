"""Opens, with the real libraries, what Plumb wrote, and says what is in it:

    python read.py model DIRECTORY EMBEDS.safetensors RESULT.safetensors
    python read.py lora MODEL DIRECTORY INPUTS.safetensors RESULT.safetensors
    python read.py table FILE RESULT.json
"""

import json
import sys
import warnings

import torch
from safetensors.torch import load_file, save_file


def model(directory, inputs, result):
    import diffusers

    for part, cls in [("unet", diffusers.UNet2DConditionModel), ("vae", diffusers.AutoencoderKL)]:
        _, info = cls.from_pretrained(f"{directory}/{part}", output_loading_info=True)
        assert not any(info.values()), (part, info)
    pipe = diffusers.StableDiffusionPipeline.from_pretrained(directory, safety_checker=None)
    pipe.set_progress_bar_config(disable=True)
    x = load_file(inputs)
    with torch.no_grad():
        latents = pipe(prompt_embeds=x["embeds"], negative_prompt_embeds=x["none"], latents=x["noise"], num_inference_steps=5, guidance_scale=4.0, output_type="latent").images
        drawn = pipe(["a red ring"] * 2, latents=x["noise"], num_inference_steps=2, output_type="np").images  # all parts of one type
    assert drawn.shape[0] == 2
    save_file({"latents": latents.contiguous(), "unet": pipe.unet(x["noise"], x["timestep"], x["embeds"]).sample.detach().contiguous()}, result)


def lora(model, directory, inputs, result):
    import diffusers

    pipe = diffusers.StableDiffusionPipeline.from_pretrained(model, safety_checker=None)
    with warnings.catch_warnings(record=True) as said:
        pipe.load_lora_weights(directory)
    assert not [w for w in said if "unexpected" in str(w.message).lower() or "missing" in str(w.message).lower()], said
    x = load_file(inputs)
    with torch.no_grad():
        save_file({"unet": pipe.unet(x["noise"], x["timestep"], x["context"]).sample.contiguous()}, result)


def table(path, result):
    import datasets
    import duckdb
    import pandas
    import polars

    loaded = datasets.load_dataset("parquet", data_files=path, split="train")
    json.dump({
        "image": type(loaded.features["image"]).__name__, "prompts": loaded["prompt"][:], "pixels": [list(i.convert("RGB").tobytes()) for i in loaded["image"]],
        "pandas": len(pandas.read_parquet(path)), "polars": polars.read_parquet(path).height, "duckdb": duckdb.sql(f"SELECT count(*) FROM '{path}'").fetchall()[0][0],
    }, open(result, "w"))


{"model": model, "lora": lora, "table": table}[sys.argv[1]](*sys.argv[2:])
