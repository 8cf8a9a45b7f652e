#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.10"
# dependencies = ["numpy", "plumb-plugin"]
#
# [tool.uv.sources]
# plumb-plugin = { path = "vendor/TEMPLATE_WHEEL" }
# ///
"""A rater for Plumb. Run it by hand to see how an experiment uses it, and to label images."""

from typing import Annotated

import numpy as np
import plumb_plugin as plumb


class TEMPLATE_CLASS(plumb.Rater):
    """Likes what is bright."""

    name = "TEMPLATE_NAME"
    code_version = "1"  # raise it when the same options give other labels than before

    threshold: Annotated[float, "Mean of the pixels from which on an image is good.", plumb.Range(0, 255)] = 100

    def rate(self, prompts: list[str], images: np.ndarray) -> list[str]:
        """prompts [n] and uint8 images [n, height, width, 3] to n of "good", "bad" and "skip"."""
        return ["good" if mean > self.threshold else "bad" for mean in images.mean(axis=(1, 2, 3))]

    def compare(self, prompts: list[str], first: np.ndarray, second: np.ndarray) -> list[str]:
        """Two images for each prompt to n of "first", "second" and "tie"."""
        difference = first.mean(axis=(1, 2, 3)) - second.mean(axis=(1, 2, 3))
        return ["first" if d > 0 else "second" if d < 0 else "tie" for d in difference]


if __name__ == "__main__":
    plumb.main(TEMPLATE_CLASS)
