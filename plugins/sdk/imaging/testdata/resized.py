"""Makes resized.json: images resized by Pillow, as schema.Input says. Run by hand: python3 resized.py > resized.json"""
import json
import sys

import numpy as np
import PIL
from PIL import Image

FILTERS = {"nearest": Image.NEAREST, "box": Image.BOX, "bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}
SIZES = [((13, 7), (5, 9)), ((16, 12), (6, 6)), ((6, 9), (18, 18)), ((9, 9), (3, 3)), ((10, 4), (7, 5)), ((1, 1), (4, 3)), ((12, 8), (8, 8)), ((3, 17), (4, 4))]
if len(sys.argv) > 1:  # many more, for a look by hand
    chance = np.random.default_rng(int(sys.argv[1]))
    SIZES = [(tuple(map(int, chance.integers(1, 70, 2))), tuple(map(int, chance.integers(1, 50, 2)))) for _ in range(300)]


def resized(image, width, height, method, aspect):
    if aspect == "squash":
        return image.resize((width, height), method)
    if width * image.height > height * image.width:
        size = width, width * image.height // image.width
    else:
        size = height * image.width // image.height, height
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return image.resize(size, method).crop((left, top, left + width, top + height))


cases = []
for (width, height), (to_width, to_height) in SIZES:
    y, x, c = np.ogrid[:height, :width, :3]
    pixels = ((x * 7 + y * 13 + c * 29) * (x + 3 * y + 1) & 255).astype("uint8")
    for name, method in FILTERS.items():
        for aspect in ("squash", "crop"):
            out = resized(Image.fromarray(pixels), to_width, to_height, method, aspect)
            cases.append({"from": [width, height], "to": {"width": to_width, "height": to_height, "filter": name, "aspect": aspect}, "rgb": out.tobytes().hex()})
print('{"pillow": "%s", "cases": [\n%s\n]}' % (PIL.__version__, ",\n".join(map(json.dumps, cases))))
