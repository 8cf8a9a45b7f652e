#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.10"
# dependencies = ["numpy", "plumb-plugin"]
#
# [tool.uv.sources]
# plumb-plugin = { path = "vendor/TEMPLATE_WHEEL" }
# ///
"""A sampler for Plumb. Run it by hand to see how an experiment uses it, and to draw images."""

from collections.abc import Iterator
from typing import Annotated

import numpy as np
import plumb_plugin as plumb


class TEMPLATE_CLASS(plumb.Sampler):
    """Noise around the colours that a prompt names."""

    name = "TEMPLATE_NAME"
    code_version = "1"  # raise it when the same options give other images than before

    size: Annotated[int, "Height and width of an image.", plumb.Range(1, 2048)] = 64
    noise: Annotated[float, "Standard deviation of a pixel.", plumb.Range(0, 255)] = 20

    def sample(self, prompts: list[str], seeds: list[int]) -> Iterator[np.ndarray]:
        """An image for each prompt and seed: uint8 [height, width, 3], or one of Pillow's. The same prompt and
        seed give the same image, whatever else is asked for."""
        for prompt, seed in zip(prompts, seeds):
            colour = [255.0 if name in prompt else 0.0 for name in ("red", "green", "blue")]
            pixels = np.random.default_rng(seed).normal(colour, self.noise, (self.size, self.size, 3))
            yield pixels.round().clip(0, 255).astype(np.uint8)


if __name__ == "__main__":
    plumb.main(TEMPLATE_CLASS)
