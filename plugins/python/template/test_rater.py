import unittest

import numpy as np

from TEMPLATE_NAME import TEMPLATE_CLASS


class Test(unittest.TestCase):
    dark, bright = np.full((1, 4, 5, 3), 99, np.uint8), np.full((1, 4, 5, 3), 102, np.uint8)

    def test_rate(self):
        rater = TEMPLATE_CLASS(threshold=100)
        self.assertEqual(rater.rate(["a ring"] * 2, np.concatenate([self.dark, self.bright])), ["bad", "good"])

    def test_compare(self):
        rater = TEMPLATE_CLASS()
        self.assertEqual(rater.compare(["a ring"], self.dark, self.bright), ["second"])
        self.assertEqual(rater.compare(["a ring"], self.dark, self.dark), ["tie"])


if __name__ == "__main__":
    unittest.main()
