#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.10"
# dependencies = ["numpy", "plumb-plugin"]
#
# [tool.uv.sources]
# plumb-plugin = { path = "vendor/TEMPLATE_WHEEL" }
# ///
"""An encoder for Plumb. Run it by hand to see how an experiment uses it, and to encode images and texts."""

from typing import Annotated

import numpy as np
import plumb_plugin as plumb


class TEMPLATE_CLASS(plumb.Encoder):
    """Mean colours of the cells of a grid."""

    name = "TEMPLATE_NAME"
    code_version = "1"  # raise it when the same options give other vectors than before

    cells: Annotated[int, "Rows and columns of the grid.", plumb.Range(1, 16)] = 2

    def encode_images(self, images: np.ndarray) -> np.ndarray:
        """uint8 images [n, height, width, 3] to vectors [n, dimension], the same dimension for all images."""
        rows, columns = (np.linspace(0, size, self.cells + 1).astype(int) for size in images.shape[1:3])
        cells = [
            images[:, top:max(bottom, top + 1), left:max(right, left + 1)].mean(axis=(1, 2))
            for top, bottom in zip(rows, rows[1:])
            for left, right in zip(columns, columns[1:])
        ]
        return np.concatenate(cells, axis=1) / 255


if __name__ == "__main__":
    plumb.main(TEMPLATE_CLASS)
