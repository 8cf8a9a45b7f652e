import unittest

import numpy as np

from TEMPLATE_NAME import TEMPLATE_CLASS


class Test(unittest.TestCase):
    def test_colour(self):
        (image,) = TEMPLATE_CLASS(size=3, noise=0).sample(["a red ring"], [1])
        np.testing.assert_array_equal(image, np.broadcast_to(np.array([255, 0, 0], np.uint8), (3, 3, 3)))

    def test_seeds_alone_decide(self):
        sampler = TEMPLATE_CLASS()
        together = list(sampler.sample(["a ring"] * 3, [5, 6, 5]))
        (alone,) = sampler.sample(["a ring"], [5])
        np.testing.assert_array_equal(together[0], alone)
        np.testing.assert_array_equal(together[2], alone)
        self.assertTrue((together[1] != alone).any())


if __name__ == "__main__":
    unittest.main()
