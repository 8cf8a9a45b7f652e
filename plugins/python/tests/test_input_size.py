"""A declared size of images: described, kept to, and the same by hand."""

import unittest

import numpy as np
from PIL import Image

import host
import plumb_plugin as plumb
from plumb_plugin.component import describe


class InputSizes(unittest.TestCase):
    def test_described(self):
        class R(plumb.Reward):
            input_size = plumb.InputSize(224)

            def score(self, images):
                return images[:, 0, 0, 0]

        self.assertEqual(describe(R)["input"], {"width": 224, "height": 224, "filter": "bicubic", "aspect": "crop"})
        R.input_size = plumb.InputSize(8, 4, "box", "squash")
        self.assertEqual(describe(R)["input"], {"width": 8, "height": 4, "filter": "box", "aspect": "squash"})
        R.input_size = None
        self.assertNotIn("input", describe(R))

    def test_mistakes(self):
        class R(plumb.Reward):
            def score(self, images):
                return images[:, 0, 0, 0]

        class Blind(plumb.Reward):
            input_size = plumb.InputSize(8)

            def score(self, prompts):
                return [0 for _ in prompts]

        for size, words in (
            (plumb.InputSize(0), "a side of 0 pixels; it is 1 to 4096"),
            (plumb.InputSize(8, 2.5), "a side of 2.5 pixels"),
            (plumb.InputSize(8, filter="cubic"), "the filter 'cubic'; it is one of nearest, box, bilinear, bicubic"),
            (plumb.InputSize(8, aspect="pad"), "the aspect 'pad'; it is one of squash, crop"),
            (224, "R.input_size is 224; it is of type InputSize"),
        ):
            R.input_size = size
            with self.assertRaises(plumb.Mistake) as caught:
                describe(R)
            self.assertIn(words, str(caught.exception))
        with self.assertRaisesRegex(plumb.Mistake, "Blind.input_size is given, and a reward like this gets no images"):
            describe(Blind)

    def test_resize(self):
        row = Image.fromarray(np.array([[[0] * 3, [10] * 3, [20] * 3, [30] * 3]], "uint8"))  # 4 x 1
        self.assertEqual(np.array(plumb.InputSize(2, 1, "box").resize(row))[0, :, 0].tolist(), [10, 20])  # the middle
        self.assertEqual(np.array(plumb.InputSize(2, 1, "box", "squash").resize(row))[0, :, 0].tolist(), [5, 25])
        self.assertEqual(plumb.InputSize(3, 5, "nearest").resize(row).size, (3, 5))
        self.assertEqual(plumb.InputSize(224).resize(Image.new("RGB", (30, 5000))).size, (224, 224))

    def test_kept_to(self):
        source = host.HEAD + """
class Sized(plumb.Reward):
    input_size = plumb.InputSize(3, 2)

    def score(self, images):
        return [images.shape[2] + 0.5 * images.shape[1]] * len(images)

plumb.main(Sized)
"""
        with host.Plugin(source=source) as plugin:
            instance = plugin.open("reward", "sized")
            right = host.item(0, np.zeros((2, 3, 3), "uint8"))
            self.assertEqual([a.score.score for a in plugin.score(instance, [right])], [4.0])
            with self.assertRaisesRegex(host.Failed, "Item 'item-1': an image of 2 x 2 pixels; reward 'sized' says that it gets 3 x 2"):
                list(plugin.score(instance, [host.item(1, np.zeros((2, 2, 3), "uint8"))]))


if __name__ == "__main__":
    unittest.main()
