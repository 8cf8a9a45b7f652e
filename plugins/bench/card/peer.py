"""What a user would take instead: diffusers' U-Net of Stable Diffusion v1.5's shapes, random weights, bfloat16.

python3 peer.py sampling|lora|full   prints one line of JSON a case. "tiny" as second argument: small shapes, on a processor, to try the script.
"""
import json
import sys
import time

import torch
from diffusers import UNet2DConditionModel

TINY = len(sys.argv) > 2 and sys.argv[2] == "tiny"
DEVICE = "cpu" if TINY else "cuda"
DTYPE = torch.float32 if TINY else torch.bfloat16
SIDE, WIDTH = (16, 32) if TINY else (64, 768)


def unet():
    torch.manual_seed(0)
    widths = (16, 32, 48, 48) if TINY else (320, 640, 1280, 1280)
    return UNet2DConditionModel(
        sample_size=SIDE, in_channels=4, out_channels=4, layers_per_block=2, block_out_channels=widths,
        down_block_types=("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
        up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
        cross_attention_dim=WIDTH, attention_head_dim=8, norm_num_groups=8 if TINY else 32,
    ).to(DEVICE)


def inputs(batch, dtype):
    return (torch.randn(batch, 4, SIDE, SIDE, device=DEVICE, dtype=dtype),
            torch.full((batch,), 500, device=DEVICE),
            torch.randn(batch, 77, WIDTH, device=DEVICE, dtype=dtype))


def sync():
    if DEVICE == "cuda":
        torch.cuda.synchronize()


def timed(work, seconds=2.0, warm=3):
    start = time.perf_counter()
    work(); sync()
    first = time.perf_counter() - start
    for _ in range(warm):
        work()
    sync()
    times = []
    while sum(times) < seconds and len(times) < 200:
        start = time.perf_counter()
        work(); sync()
        times.append(time.perf_counter() - start)
    times.sort()
    return times[len(times) // 2], first


def say(case, **facts):
    memory = torch.cuda.max_memory_allocated() / 2**30 if DEVICE == "cuda" else 0
    print(json.dumps({"case": case, "torch": torch.__version__, "peak_GiB": round(memory, 2), **facts}), flush=True)
    if DEVICE == "cuda":
        torch.cuda.reset_peak_memory_stats()


def sampling():
    model = unet().to(DTYPE).eval().to(memory_format=torch.channels_last)
    modes = [("eager", model)]
    if not TINY:
        torch._inductor.config.conv_1x1_as_mm = True
        modes.append(("compiled", torch.compile(model, mode="reduce-overhead", fullgraph=True)))
    for name, network in modes:
        for images in (1, 8):
            x, t, c = inputs(2 * images, DTYPE)  # both halves of guidance
            x = x.contiguous(memory_format=torch.channels_last)

            @torch.no_grad()
            def step():
                e = network(x, t, c, return_dict=False)[0]
                u, g = e.chunk(2)
                return u + 7.5 * (g - u)

            median, first = timed(step)
            say(f"sampling {name} batch {images}", iterations_per_s=round(1 / median, 2), first_s=round(first, 1))


def training(model, parameters, name, batch, dtype, compile):
    network = torch.compile(model) if compile and not TINY else model
    optimizer = torch.optim.AdamW(parameters, lr=1e-5, fused=DEVICE == "cuda")
    x, t, c = inputs(batch, dtype)
    target = torch.randn_like(x)

    def step():
        with torch.autocast(DEVICE, torch.bfloat16, enabled=not TINY):
            e = network(x, t, c, return_dict=False)[0]
            loss = torch.nn.functional.mse_loss(e.float(), target.float())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    median, first = timed(step)
    say(f"{name} batch {batch} {'compiled' if compile else 'eager'}", step_s=round(median, 4), images_per_s=round(batch / median, 2), first_s=round(first, 1))


def lora():
    from peft import LoraConfig
    model = unet().to(DTYPE)
    model.requires_grad_(False)
    model.add_adapter(LoraConfig(r=16, lora_alpha=16, init_lora_weights="gaussian", target_modules=["to_k", "to_q", "to_v", "to_out.0"]))
    parameters = [p for p in model.parameters() if p.requires_grad]
    for p in parameters:
        p.data = p.data.float()
    for compile in (False, True):
        training(model, parameters, "lora r16", 1, DTYPE, compile)


def full():
    model = unet().to(memory_format=torch.channels_last)
    parameters = list(model.parameters())
    for batch, compile in ((2,) * 2,) if TINY else ((16, False), (16, True)):
        try:
            training(model, parameters, "full", batch, torch.float32, bool(compile) and not TINY)
        except torch.OutOfMemoryError if hasattr(torch, "OutOfMemoryError") else RuntimeError as error:
            print(json.dumps({"case": f"full batch {batch}", "error": str(error)[:120]}), flush=True)
            torch.cuda.empty_cache()


if __name__ == "__main__":
    if not TINY:
        torch.backends.cuda.matmul.allow_tf32 = True
    {"sampling": sampling, "lora": lora, "full": full}[sys.argv[1]]()
