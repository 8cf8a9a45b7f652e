"""Which items meet in a batch."""

import threading
import unittest
from types import SimpleNamespace

from plumb_plugin import _batches
from plumb_plugin._stream import Failed


def image(height, width):
    return SimpleNamespace(encoding=_batches.RGB8, width=width, height=height, data=bytes(3 * width * height))


def batches(sizes, most):
    """Positions of the items of each batch."""
    items = [(SimpleNamespace(id=str(i), position=i), [image(*size)] if size else []) for i, size in enumerate(sizes)]
    return [[i.position for i in b.items] for b in _batches.read_ahead(items, {"preferred_batch": most}, threading.Event())]


class Batches(unittest.TestCase):
    def test_by_number(self):
        self.assertEqual(batches([(2, 2)] * 7, 3), [[0, 1, 2], [3, 4, 5], [6]])
        self.assertEqual(batches([], 3), [])
        self.assertEqual(batches([None] * 5, 2), [[0, 1], [2, 3], [4]])

    def test_by_size_within_a_window(self):
        a, b = (2, 2), (2, 3)
        self.assertEqual(batches([a, b, a, b, a, a], 4), [[0, 2], [1, 3], [4, 5]])

    def test_from_a_border_on_as_from_the_start(self):
        sizes = [(2, 2), (2, 3), (2, 2), (5, 5), (2, 3), (2, 3), (2, 2), (2, 2), (5, 5), (2, 2)]
        whole = batches(sizes, 4)
        for border in (4, 8):
            rest = [[i + border for i in b] for b in batches(sizes[border:], 4)]
            self.assertEqual([b for b in whole if b[0] >= border], rest)

    def test_by_bytes(self):
        # 1024 x 1024 x 3 is 3 MiB: five are below 16 MiB, six above.
        self.assertEqual(batches([(1024, 1024)] * 11, 8), [[0, 1, 2, 3, 4], [5, 6, 7], [8, 9, 10]])
        self.assertEqual(batches([(3000, 3000)] * 2, 8), [[0], [1]])  # 26 MiB each, and still sent

    def test_layout(self):
        items = [(SimpleNamespace(id="0", position=0, image_vector=[1.0, 2.0]), [image(1, 1), image(2, 1)])]
        (batch,) = _batches.read_ahead(items, {"preferred_batch": 4}, threading.Event(), ("first", "second"))
        batch.add_vectors("image_vectors", "image_vector")
        # 3 bytes, 1 to be aligned, 6 bytes, 2 to be aligned.
        self.assertEqual(batch.arrays, {"first": ["uint8", [1, 1, 1, 3], 0], "second": ["uint8", [1, 2, 1, 3], 4], "image_vectors": ["float32", [1, 2], 12]})
        self.assertEqual(sum(memoryview(p).nbytes for p in batch.payload), 20)

    def test_a_failure_of_the_stream_is_passed_on(self):
        def items():
            yield SimpleNamespace(id="0", position=0), []
            raise Failed("no more")
        found = _batches.read_ahead(items(), {"preferred_batch": 4}, threading.Event())
        with self.assertRaisesRegex(Failed, "no more"):
            list(found)


if __name__ == "__main__":
    unittest.main()
