"""Makes golden.safetensors: what torch and Pillow say of FID's Inception.

    python3 golden.py        # torch 1.13, Pillow 9.4, numpy 1.24

The network is written down here from the description of the one that
pytorch-fid and clean-fid run (pt_inception-2015-12-05), with torch's own
convolutions, normalization and pools, in float64. No published weights are
needed: weights come from the formula of draw, which inception_test.go has too,
so that only samples of the features are stored.
"""

import json
import struct

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

MASK = np.uint64(0xFFFFFFFFFFFFFFFF)


def fnv(name):
    h = 0xCBF29CE484222325
    for b in name.encode():
        h = (h ^ b) * 0x100000001B3 % 2**64
    return h


def draw(name, low, high, *dims):
    """Uniform float32 numbers: splitmix64 of the name's hash and the index."""
    with np.errstate(over="ignore"):
        z = np.arange(1, int(np.prod(dims)) + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z += np.uint64(fnv(name))
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    u = (z >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return (low + (high - low) * u).astype(np.float32).reshape(dims)


class Network:
    def __init__(self):
        self.taps = {}

    def conv(self, name, x, out, kernel, stride=1, padding=0):
        kernel = (kernel, kernel) if isinstance(kernel, int) else kernel
        fan_in = x.shape[1] * kernel[0] * kernel[1]
        bound = (6 / fan_in) ** 0.5
        t = lambda part, low, high, *dims: torch.from_numpy(draw(name + part, low, high, *dims)).double()
        y = F.conv2d(x, t(".conv.weight", -bound, bound, out, x.shape[1], *kernel), None, stride, padding)
        y = F.batch_norm(
            y,
            t(".bn.running_mean", -0.2, 0.2, out),
            t(".bn.running_var", 0.5, 2, out),
            t(".bn.weight", 0.5, 1.5, out),
            t(".bn.bias", -0.2, 0.2, out),
            training=False,
            eps=0.001,
        )
        return F.relu(y)

    def tap(self, name, x):
        self.taps[name] = x
        return x

    @staticmethod
    def average(x):
        return F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)

    def a(self, n, x, pool):
        c = lambda part, x, *rest: self.conv(n + "." + part, x, *rest)
        b1 = c("branch1x1", x, 64, 1)
        b5 = c("branch5x5_2", c("branch5x5_1", x, 48, 1), 64, 5, 1, 2)
        b3 = c("branch3x3dbl_2", c("branch3x3dbl_1", x, 64, 1), 96, 3, 1, 1)
        b3 = c("branch3x3dbl_3", b3, 96, 3, 1, 1)
        return self.tap(n, torch.cat([b1, b5, b3, c("branch_pool", self.average(x), pool, 1)], 1))

    def b(self, n, x):
        c = lambda part, x, *rest: self.conv(n + "." + part, x, *rest)
        b3 = c("branch3x3", x, 384, 3, 2)
        d = c("branch3x3dbl_2", c("branch3x3dbl_1", x, 64, 1), 96, 3, 1, 1)
        d = c("branch3x3dbl_3", d, 96, 3, 2)
        return self.tap(n, torch.cat([b3, d, F.max_pool2d(x, 3, 2)], 1))

    def c(self, n, x, mid):
        c = lambda part, x, *rest: self.conv(n + "." + part, x, *rest)
        row, column = ((1, 7), 1, (0, 3)), ((7, 1), 1, (3, 0))
        b1 = c("branch1x1", x, 192, 1)
        b7 = c("branch7x7_1", x, mid, 1)
        b7 = c("branch7x7_2", b7, mid, *row)
        b7 = c("branch7x7_3", b7, 192, *column)
        d = c("branch7x7dbl_1", x, mid, 1)
        d = c("branch7x7dbl_2", d, mid, *column)
        d = c("branch7x7dbl_3", d, mid, *row)
        d = c("branch7x7dbl_4", d, mid, *column)
        d = c("branch7x7dbl_5", d, 192, *row)
        return self.tap(n, torch.cat([b1, b7, d, c("branch_pool", self.average(x), 192, 1)], 1))

    def d(self, n, x):
        c = lambda part, x, *rest: self.conv(n + "." + part, x, *rest)
        b3 = c("branch3x3_2", c("branch3x3_1", x, 192, 1), 320, 3, 2)
        b7 = c("branch7x7x3_1", x, 192, 1)
        b7 = c("branch7x7x3_2", b7, 192, (1, 7), 1, (0, 3))
        b7 = c("branch7x7x3_3", b7, 192, (7, 1), 1, (3, 0))
        b7 = c("branch7x7x3_4", b7, 192, 3, 2)
        return self.tap(n, torch.cat([b3, b7, F.max_pool2d(x, 3, 2)], 1))

    def e(self, n, x, pool):
        c = lambda part, x, *rest: self.conv(n + "." + part, x, *rest)
        row, column = ((1, 3), 1, (0, 1)), ((3, 1), 1, (1, 0))
        b1 = c("branch1x1", x, 320, 1)
        b3 = c("branch3x3_1", x, 384, 1)
        b3 = [c("branch3x3_2a", b3, 384, *row), c("branch3x3_2b", b3, 384, *column)]
        d = c("branch3x3dbl_2", c("branch3x3dbl_1", x, 448, 1), 384, 3, 1, 1)
        d = [c("branch3x3dbl_3a", d, 384, *row), c("branch3x3dbl_3b", d, 384, *column)]
        return self.tap(n, torch.cat([b1, *b3, *d, c("branch_pool", pool(x), 192, 1)], 1))

    def __call__(self, x):
        x = self.tap("Conv2d_1a_3x3", self.conv("Conv2d_1a_3x3", x, 32, 3, 2))
        x = self.tap("Conv2d_2a_3x3", self.conv("Conv2d_2a_3x3", x, 32, 3))
        x = self.tap("Conv2d_2b_3x3", self.conv("Conv2d_2b_3x3", x, 64, 3, 1, 1))
        x = F.max_pool2d(x, 3, 2)
        x = self.tap("Conv2d_3b_1x1", self.conv("Conv2d_3b_1x1", x, 80, 1))
        x = self.tap("Conv2d_4a_3x3", self.conv("Conv2d_4a_3x3", x, 192, 3))
        x = F.max_pool2d(x, 3, 2)
        x = self.a("Mixed_5b", x, 32)
        x = self.a("Mixed_5c", x, 64)
        x = self.a("Mixed_5d", x, 64)
        x = self.b("Mixed_6a", x)
        for n, mid in ("b", 128), ("c", 160), ("d", 160), ("e", 192):
            x = self.c("Mixed_6" + n, x, mid)
        x = self.d("Mixed_7a", x)
        x = self.e("Mixed_7b", x, self.average)
        x = self.e("Mixed_7c", x, lambda x: F.max_pool2d(x, 3, 1, 1))
        return x.mean((2, 3))


def resized(image):
    """As clean-fid, but for its clip(0, 255): each channel in float32 by Pillow's bicubic filter."""
    planes = [Image.fromarray(image[:, :, c].astype(np.float32), mode="F") for c in range(3)]
    return np.stack([np.asarray(p.resize((299, 299), Image.BICUBIC)) for p in planes])


def some(x, count):
    """Values spread over a tensor, in its order of rows."""
    x = np.ascontiguousarray(x).reshape(-1)
    return x[np.arange(count, dtype=np.int64) * 1000003 % x.size].astype(np.float32)


def save(path, tensors):
    header, data = {}, b""
    for name, x in sorted(tensors.items()):
        x = np.ascontiguousarray(x, dtype="<f4")
        header[name] = {"dtype": "F32", "shape": list(x.shape), "data_offsets": [len(data), len(data) + x.nbytes]}
        data += x.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


def main():
    photographs = "../../../preprocess/testdata/"
    images = {name: np.asarray(Image.open(photographs + name + ".png").convert("RGB")) for name in ("rgb_67x45", "rgb_51x131")}
    images["drawn_640x451"] = draw("image", 0, 256, 451, 640, 3).astype(np.uint8)
    images["drawn_299x500"] = draw("other image", 0, 256, 500, 299, 3).astype(np.uint8)
    out, inputs = {}, []
    for name, image in images.items():
        planes = resized(image)
        out["resized." + name] = some(planes, 2000)
        inputs.append((planes.clip(0, 255).astype(np.float64) - 128) / 128)
    network = Network()
    with torch.no_grad():
        out["features"] = network(torch.from_numpy(np.stack(inputs[:3]))).numpy()
    for name, x in network.taps.items():
        print(name, tuple(x.shape), "rms %.3f" % x.pow(2).mean().sqrt())
        out["tap." + name] = some(x[0].numpy(), 500)  # [channels, height, width]
    save("golden.safetensors", out)


main()
