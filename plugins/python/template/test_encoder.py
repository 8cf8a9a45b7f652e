import unittest

import numpy as np

from TEMPLATE_NAME import TEMPLATE_CLASS


class Test(unittest.TestCase):
    def test_encode(self):
        image = np.zeros((1, 2, 2, 3), np.uint8)
        image[0, 0, 1] = (255, 0, 51)
        np.testing.assert_allclose(TEMPLATE_CLASS(cells=2).encode_images(image), [[0, 0, 0, 1, 0, 0.2, 0, 0, 0, 0, 0, 0]])

    def test_any_size(self):
        for height, width in ((1, 1), (3, 5), (64, 48)):
            self.assertEqual(TEMPLATE_CLASS(cells=3).encode_images(np.zeros((2, height, width, 3), np.uint8)).shape, (2, 27))


if __name__ == "__main__":
    unittest.main()
