#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.10"
# dependencies = ["plumb-plugin", "torch", "diffusers", "transformers", "accelerate", "numpy", "pillow"]
# ///
"""A sampler on whatever text-to-image pipeline diffusers has."""

from pathlib import Path
from typing import Annotated, Any

import plumb_plugin as plumb


class Diffusers(plumb.Sampler):
    """A text-to-image pipeline of diffusers."""

    code_version = "1"
    batch = 4
    needs_device = True

    model: Annotated[Path, "A pipeline's directory, with model_index.json.", plumb.Obtain("save_pretrained of a pipeline, or a download of its repository.")]
    steps: Annotated[int, "Steps of the solver.", plumb.Range(1, 1000)] = 30
    guidance: Annotated[float, "Scale of classifier-free guidance; 1: none.", plumb.Range(0)] = 7.5
    negative_prompt: Annotated[str, "What to keep away from."] = ""
    size: Annotated[int | None, "Height and width; the pipeline's own, if not given.", plumb.Range(8)] = None

    def load(self) -> None:
        import torch
        from diffusers import AutoPipelineForText2Image

        with plumb.busy(f"{self.model.name} is being read"):
            self.pipeline = AutoPipelineForText2Image.from_pretrained(
                self.model, torch_dtype=getattr(torch, plumb.dtype()), local_files_only=True, safety_checker=None, requires_safety_checker=False,
            ).to(plumb.device())
        self.pipeline.set_progress_bar_config(disable=True)

    def sample(self, prompts: list[str], seeds: list[int]) -> list[Any]:
        import torch

        # A generator each, on the processor: a draw's noise depends on its seed alone, and is the same on every device.
        generators = [torch.Generator("cpu").manual_seed(seed) for seed in seeds]
        return self.pipeline(
            prompt=prompts, negative_prompt=[self.negative_prompt] * len(prompts), generator=generators, num_inference_steps=self.steps,
            guidance_scale=self.guidance, height=self.size, width=self.size, output_type="pil",
        ).images


if __name__ == "__main__":
    plumb.main(Diffusers, name="diffusers_sampler")
