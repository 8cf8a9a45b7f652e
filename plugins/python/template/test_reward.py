import unittest

import numpy as np

from TEMPLATE_NAME import TEMPLATE_CLASS


class Test(unittest.TestCase):
    def test_score(self):
        images = np.zeros((3, 4, 5, 3), np.uint8)
        images[0] = (200, 100, 100)
        images[1] = (0, 0, 10)
        reward = TEMPLATE_CLASS(channel="red", gain=2)
        reward.load()
        # 200 of 400; nothing of 10; and black has no light at all.
        np.testing.assert_allclose(reward.score(["a ring"] * 3, images), [1, 0, 0])

    def test_an_image_does_not_depend_on_others(self):
        images = np.random.default_rng(1).integers(0, 256, (4, 8, 8, 3), np.uint8)
        reward = TEMPLATE_CLASS()
        reward.load()
        together = reward.score(["a ring"] * 4, images)
        for i in range(4):
            np.testing.assert_allclose(reward.score(["a ring"], images[i:i + 1])[0], together[i])


if __name__ == "__main__":
    unittest.main()
