"""Writes, with the real libraries, what the tests have Plumb read, and what these
libraries make of it:  python write.py TINY_CLIP OUT
"""

import copy
import io
import json
import sys
from pathlib import Path

import datasets
import diffusers
import duckdb
import pandas
import peft
import polars
import torch
import transformers
from PIL import Image
from safetensors.torch import save_file

clip, out = Path(sys.argv[1]), Path(sys.argv[2])
torch.manual_seed(7)
PROMPTS = ["a red ring", "two blue moons on grass"]
BETAS = {"num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1,
         "clip_sample": False, "set_alpha_to_one": False, "skip_prk_steps": True}
SOLVERS = {
    "pndm": ("PNDMScheduler", {}), "ddim": ("DDIMScheduler", {}), "euler": ("EulerDiscreteScheduler", {"timestep_spacing": "trailing"}),
    "heun": ("HeunDiscreteScheduler", {}), "dpmpp": ("DPMSolverMultistepScheduler", {"timestep_spacing": "linspace"}),
    "euler-sigma-min": ("EulerDiscreteScheduler", {"final_sigmas_type": "sigma_min"}),
    "dpmpp-karras": ("DPMSolverMultistepScheduler", {"use_karras_sigmas": True}),
}


def pipeline(prediction="epsilon", **unet):
    """A tiny StableDiffusionPipeline with random weights."""
    size = dict(sample_size=8, in_channels=4, out_channels=4, layers_per_block=1, block_out_channels=(8, 16), norm_num_groups=4, cross_attention_dim=32, attention_head_dim=2,
                down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"))
    return diffusers.StableDiffusionPipeline(
        unet=diffusers.UNet2DConditionModel(**(size | unet)),
        vae=diffusers.AutoencoderKL(block_out_channels=(8, 16), down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2, layers_per_block=1,
                                    norm_num_groups=4, latent_channels=4, sample_size=16),
        text_encoder=transformers.CLIPTextModel(transformers.CLIPTextConfig(vocab_size=1014, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
                                                                            eos_token_id=1013, bos_token_id=1012, pad_token_id=1013)),
        tokenizer=transformers.CLIPTokenizer.from_pretrained(clip, model_max_length=77), scheduler=diffusers.PNDMScheduler.from_config(BETAS | {"prediction_type": prediction}),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False)


def model(name, pipe, variant=None, solvers=("ddim",), **how):
    """Saves a pipeline, and what it makes of prompts and noise once it is loaded again."""
    directory = out / "models" / name
    pipe.save_pretrained(directory, variant=variant, **how)
    pipe = diffusers.StableDiffusionPipeline.from_pretrained(directory, variant=variant, torch_dtype=torch.float32, safety_checker=None).to(torch.float32)
    pipe.set_progress_bar_config(disable=True)
    tokens = pipe.tokenizer(PROMPTS, padding="max_length", max_length=77, truncation=True, return_tensors="pt")
    with torch.no_grad():
        embeds = pipe.text_encoder(tokens.input_ids)[0]
        none = pipe.text_encoder(pipe.tokenizer([""] * 2, padding="max_length", max_length=77, return_tensors="pt").input_ids)[0]
        noise = torch.randn(2, 4, 8, 8)
        tensors = {"embeds": embeds, "none": none, "noise": noise, "timestep": torch.tensor([333.0, 871.0])}
        tensors["unet"] = pipe.unet(noise, tensors["timestep"], embeds).sample
        tensors["decoded"] = pipe.vae.decode(noise).sample
        schedulers = {}
        for solver in solvers:
            cls, changes = SOLVERS[solver]
            pipe.scheduler = getattr(diffusers, cls).from_config(dict(pipe.scheduler.config) | BETAS | changes)
            schedulers[solver] = pipe.scheduler.to_json_string()
            for guidance in [1.0, 4.0]:
                tensors[f"{solver}/{guidance:.0f}"] = pipe(prompt_embeds=embeds, negative_prompt_embeds=none, latents=noise, num_inference_steps=5, guidance_scale=guidance, output_type="latent").images
    save_file({k: v.contiguous() for k, v in tensors.items()}, directory / "expected.safetensors")
    (directory / "expected.json").write_text(json.dumps({"prompts": PROMPTS, "schedulers": schedulers}))
    return pipe


plain = model("plain", pipeline(), solvers=SOLVERS)
model("sharded", pipeline(), max_shard_size="20KB")
model("fp16", pipeline().to(torch.float16), variant="fp16")
model("bf16", pipeline().to(torch.bfloat16))
model("linear", pipeline("v_prediction", use_linear_projection=True, attention_head_dim=(2, 4)))

# Adapters of the plain model, as PEFT and diffusers save them.
CONV = ["conv1", "conv2", "proj_in", "proj_out", "conv"]
noise, times = torch.randn(2, 4, 8, 8), torch.tensor([333.0, 871.0])
context = torch.randn(2, 77, 32)
ATTENTION = ["to_q", "to_k", "to_v", "to_out.0"]
for name, config in {
    "plain": dict(r=4, target_modules=ATTENTION), "alpha": dict(r=4, lora_alpha=10, target_modules=ATTENTION), "rslora": dict(r=4, lora_alpha=8, use_rslora=True, target_modules=ATTENTION),
    "patterns": dict(r=4, lora_alpha=4, target_modules=ATTENTION, alpha_pattern={"attn2.to_q": 2, "to_v": 16}, rank_pattern={"to_v": 2}),
    "convolutions": dict(r=3, lora_alpha=6, target_modules=ATTENTION + CONV), "dora": dict(r=4, use_dora=True, target_modules=ATTENTION),
}.items():
    unet = copy.deepcopy(plain.unet)
    unet.add_adapter(peft.LoraConfig(**config))
    with torch.no_grad():
        for key, value in unet.named_parameters():
            if "lora_B" in key:
                value.copy_(0.3 * torch.randn(value.shape))
        result = unet(noise, times, context).sample
    directory = out / "lora" / name
    metadata = unet.peft_config["default"].to_dict()
    diffusers.StableDiffusionPipeline.save_lora_weights(directory, unet_lora_layers=peft.get_peft_model_state_dict(unet), unet_lora_adapter_metadata=metadata)
    save_file({"noise": noise, "timestep": times, "context": context, "unet": result.contiguous()}, directory / "expected.safetensors")

# A CLIPModel with its processor.
size = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2, projection_dim=16)
pair = transformers.CLIPModel(transformers.CLIPConfig(projection_dim=16, text_config=size | dict(vocab_size=1014, eos_token_id=1013, bos_token_id=1012, pad_token_id=1013),
                                                      vision_config=size | dict(image_size=32, patch_size=8)))
images = transformers.CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
processor = transformers.CLIPProcessor(images, transformers.CLIPTokenizer.from_pretrained(clip, model_max_length=77))
pair.save_pretrained(out / "clip")
processor.save_pretrained(out / "clip")
picture = Image.fromarray((torch.rand(45, 67, 3) * 255).to(torch.uint8).numpy())
picture.save(out / "clip" / "picture.png")
with torch.no_grad():
    seen = processor(text=PROMPTS, images=picture, return_tensors="pt", padding="max_length", max_length=77)
    both = pair(**seen)
    features = pair.vision_model(seen["pixel_values"]).pooler_output @ pair.visual_projection.weight.T, pair.text_model(seen["input_ids"]).pooler_output @ pair.text_projection.weight.T
save_file({"image": features[0].contiguous(), "text": features[1].contiguous()}, out / "clip" / "expected.safetensors")

# Tables of images.
pictures = [Image.fromarray((torch.rand(9, 12, 3) * 255).to(torch.uint8).numpy()) for _ in range(5)]
texts = [f"picture {i}, \"quoted\"" for i in range(5)]
(out / "tables").mkdir()


def png(picture):
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


rows = [{"bytes": png(p), "path": f"{i}.png"} for i, p in enumerate(pictures)]
(out / "tables" / "expected.json").write_text(json.dumps({"texts": texts, "pixels": [list(p.tobytes()) for p in pictures]}))
datasets.Dataset.from_dict({"image": rows, "text": texts}).cast_column("image", datasets.Image()).to_parquet(out / "tables" / "datasets.parquet")
frame = pandas.DataFrame({"image": rows, "text": texts})
for codec in [None, "snappy", "gzip", "brotli", "zstd", "lz4"]:
    frame.to_parquet(out / "tables" / f"pandas-{codec}.parquet", compression=codec)
table = polars.DataFrame({"image": rows, "text": texts})
for codec in ["uncompressed", "snappy", "gzip", "brotli", "zstd", "lz4"]:
    table.write_parquet(out / "tables" / f"polars-{codec}.parquet", compression=codec)
for codec in ["uncompressed", "snappy", "gzip", "zstd", "lz4", "lz4_raw", "brotli"]:
    duckdb.sql("SELECT * FROM frame").write_parquet(str(out / "tables" / f"duckdb-{codec}.parquet"), compression=codec)
