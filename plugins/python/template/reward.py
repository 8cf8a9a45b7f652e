#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.10"
# dependencies = ["numpy", "plumb-plugin"]
#
# [tool.uv.sources]
# plumb-plugin = { path = "vendor/TEMPLATE_WHEEL" }
# ///
"""A reward for Plumb. Run it by hand to see how an experiment uses it, and to score images."""

from typing import Annotated, Literal

import numpy as np
import plumb_plugin as plumb


class TEMPLATE_CLASS(plumb.Reward):
    """Share of one channel in an image's light."""

    name = "TEMPLATE_NAME"
    code_version = "1"  # raise it when the same options give other scores than before

    channel: Annotated[Literal["red", "green", "blue"], "Channel that is looked at."] = "red"
    gain: Annotated[float, "Factor of the score.", plumb.Range(0.1, 10)] = 1

    def load(self) -> None:
        """Read weights here, and import what takes long."""

    def score(self, prompts: list[str], images: np.ndarray) -> np.ndarray:
        """prompts [n] and uint8 images [n, height, width, 3] to n numbers: higher is better."""
        light = images.sum(axis=(1, 2), dtype=float)  # [n, 3]
        mine = light[:, ["red", "green", "blue"].index(self.channel)]
        return self.gain * mine / light.sum(axis=1).clip(1)


if __name__ == "__main__":
    plumb.main(TEMPLATE_CLASS)
