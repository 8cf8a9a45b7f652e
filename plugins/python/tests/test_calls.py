"""Components that fail: what the user is told names the image and the line."""

import unittest

from host import HEAD, Failed, Plugin, item, plain, requests, reward
from plumb_plugin._wire import message

ITEMS = [item(i, plain(i)) for i in range(16)]


class Calls(unittest.TestCase):
    def failing(self, plugin, *words, items=ITEMS, warnings=()):
        with plugin:
            instance = plugin.open("reward", "wrong")
            call = plugin.score(instance, items)
            with self.assertRaises(Failed) as caught:
                list(call)
            for word in words:
                self.assertIn(word, str(caught.exception))
            self.assertEqual(call.warnings, list(warnings))

    def test_exception_for_one_image(self):
        self.failing(reward("if (images[:, 0, 0, 0] == 11).any():\n    raise ValueError('eleven')\nreturn images[:, 0, 0, 0]"),
                     "Wrong.score: ValueError: eleven at image 'item-11' (prompt 'a red ring')", ", line 6, in score")

    def test_exception_for_all(self):
        self.failing(reward("return images.nothing"), "AttributeError", "at image 'item-0'")

    def test_exception_for_many_at_once_alone(self):
        self.failing(reward("if len(images) > 3:\n    raise ValueError('too many')\nreturn images[:, 0, 0, 0]"), "ValueError: too many with 4 at once, from image 'item-0'", "not with half as many")

    def test_error_for_the_user(self):
        self.failing(reward("raise plumb.Error('The weights are of another model', 'Name the directory of PickScore.')"),
                     "The weights are of another model\nName the directory of PickScore.")

    def test_shapes(self):
        self.failing(reward("return images[:, 0, 0, :2]"), "Wrong.score returned an array of shape (16, 2) for 16 images; expected (16,)")
        self.failing(reward("return 3.0"), "returned an array of shape () for 16 images")
        self.failing(reward("return None"), "returned NoneType None for 16 images; expected as many numbers")
        self.failing(reward("return ['a'] * len(images)"), "returned list", "expected as many numbers")
        self.failing(reward("return {'score': images[:, 0, 0, 0], 'x': 1}"), "returned a dict with ['score', 'x'], and its parts are empty")
        self.failing(reward("return [[1.0], [1.0, 2.0]]"), "which is no array of numbers")
        self.failing(reward("return [images[:2, :2, 0], 'a']"), "returned list [array([[[0, 0, 0], [0, 0, 0]], [[1, 0, 0]")

    def test_not_finite(self):
        self.failing(reward("out = images[:, 0, 0, 0].astype(float)\nout[out == 5] = float('nan')\nreturn out"), "Wrong.score gave nan for image 'item-5' (prompt 'a red ring')")

    def test_exit(self):
        self.failing(reward("import sys\nsys.exit(4)"), "The plugin called exit(4)")

    def test_keyboard_interrupt(self):
        self.failing(reward("raise KeyboardInterrupt"), "KeyboardInterrupt")

    def test_recursion(self):
        self.failing(reward("return self.score(prompts, images)"), "RecursionError")

    def test_damaged_png(self):
        damaged = item(3, plain(3), png=True)
        damaged.image.data = damaged.image.data[:40]
        self.failing(reward("return images[:, 0, 0, 0]"), "Item 'item-3': its image cannot be read", items=[*ITEMS[:3], damaged])

    def test_wrong_size(self):
        wrong = item(0, plain(3))
        wrong.image.width = 5
        self.failing(reward("return images[:, 0, 0, 0]"), "Item 'item-0': 5 x 4 pixels in 48 bytes", items=[wrong])

    def test_unknown_encoding(self):
        wrong = item(0, plain(3))
        wrong.image.encoding = 7
        self.failing(reward("return images[:, 0, 0, 0]"), "an encoding that this plugin does not know: 7", items=[wrong])

    def test_out_of_memory(self):
        with reward("if len(images) > 4:\n    raise RuntimeError('CUDA out of memory. Tried to allocate 2.00 GiB')\nreturn images[:, 0, 0, 0]") as plugin:
            instance = plugin.open("reward", "wrong")
            for again in range(2):  # the second time it is known
                call = plugin.score(instance, ITEMS)
                self.assertEqual(sorted(a.score.score for a in call), list(range(16)))
                self.assertEqual([w.partition(";")[0] for w in call.warnings], [] if again else [
                    "Wrong ran out of memory with 16 at once", "Wrong ran out of memory with 8 at once"])

    def test_out_of_memory_lets_go_of_the_attempt(self):
        source = HEAD + """
import gc, weakref
class Large: pass
class R(plumb.Reward):
    held = []
    def score(self, images):
        gc.collect()
        if any(r() for r in self.held):
            raise ValueError("what the last attempt took is still there")
        if len(images) > 2:
            large = Large()
            self.held.append(weakref.ref(large))
            raise RuntimeError("CUBLAS_STATUS_ALLOC_FAILED")
        return images[:, 0, 0, 0]
plumb.main(R)
"""
        with Plugin(source=source) as plugin:
            self.assertEqual(plugin.scores(plugin.open("reward", "r"), ITEMS), list(range(16)))

    def test_out_of_memory_of_a_sampler(self):
        source = HEAD + """
import numpy as np
class S(plumb.Sampler):
    batch = 8
    def sample(self, prompts, seeds):
        if len(seeds) > 2:
            raise MemoryError
        return [np.full((1, 1, 3), s, np.uint8) for s in seeds]
plumb.main(S)
"""
        with Plugin(source=source) as plugin:
            request = message("SampleRequest")(instance=plugin.open("sampler", "s"), draws=[message("Draw")(seed=i) for i in range(11)])
            call = plugin.stream("Sampler", "Sample", request, "SampleResponse")
            self.assertEqual(sorted((a.image.position, a.image.image.data[0]) for a in call), [(i, i) for i in range(11)])
            self.assertEqual([w.partition(";")[0] for w in call.warnings], ["S ran out of memory with 8 at once", "S ran out of memory with 4 at once"])

    def test_out_of_memory_with_one(self):
        self.failing(reward("raise MemoryError"), "Wrong.score: MemoryError at image 'item-0'", warnings=[
            f"Wrong ran out of memory with {n} at once; it gets {n // 2} from now on. batch = {n // 2} in the class says so from the start." for n in (16, 8, 4, 2)])

    def test_failed_load_leaves_the_plugin_usable(self):
        with Plugin(source=HEAD + "class R(plumb.Reward):\n  bad: bool = False\n  def load(self):\n    if self.bad: raise OSError('no weights')\n"
                                  "  def score(self, images): return images[:, 0, 0, 0]\nplumb.main(R)") as plugin:
            with self.assertRaisesRegex(Failed, "OSError: no weights"):
                plugin.open("reward", "r", b'{"bad":true}')
            self.assertEqual(plugin.scores(plugin.open("reward", "r"), ITEMS), list(range(16)))

    def test_close_that_fails(self):
        with Plugin(source=HEAD + "class R(plumb.Reward):\n  numbers: list[float] = [1, 2]\n  bad: bool = False\n  def load(self):\n    if self.bad: raise OSError('no weights')\n    self.numbers.append(3)\n"
                                  "  def score(self, images): return images[:, 0, 0, 0] + sum(self.numbers)\n  def close(self): raise ValueError('not now')\nplumb.main(R)") as plugin:
            with self.assertRaisesRegex(Failed, "OSError: no weights"):
                plugin.open("reward", "r", b'{"bad":true}')
            first, second = plugin.open("reward", "r"), plugin.open("reward", "r")
            self.assertEqual(plugin.scores(second, ITEMS[:2]), [6, 7])  # the first added to its own list
            self.assertEqual([d.summary for d in plugin.close(first).diagnostics], ["ValueError: not now"])
            self.assertEqual([d.summary for d in plugin.close(first).diagnostics], [f"Instance '{first}' is not open"])
            self.assertEqual([d.summary for d in plugin.stop().diagnostics], ["ValueError: not now"])

    def test_labels(self):
        with Plugin(source=HEAD + "class R(plumb.Rater):\n  def rate(self, images): return ['fine'] * len(images)\nplumb.main(R)") as plugin:
            instance = plugin.open("rater", "r")
            with self.assertRaisesRegex(Failed, "R.rate gave image 'item-0' .*str 'fine'; expected one of good, bad, skip"):
                list(plugin.stream("Rater", "Rate", requests("Rate", instance, ITEMS), "RateResponse"))

    def test_images(self):
        for body, words in {
            "return [images.astype('float32') / 255]": "array of float32 of shape",
            "yield images.astype('uint8')": "gave 1 of 2 images; the first that is missing is image 'seed 1'",
            "return [images] * 3": "more images than the 2",
        }.items():
            with Plugin(source=HEAD + f"import numpy as np\nclass S(plumb.Sampler):\n  def sample(self, prompts, seeds):\n    images = np.zeros((2, 2, 3), 'uint8')\n    {body}\nplumb.main(S)") as plugin:
                instance = plugin.open("sampler", "s")
                request = message("SampleRequest")(instance=instance, draws=[message("Draw")(seed=i) for i in range(2)])
                with self.assertRaisesRegex(Failed, words):
                    list(plugin.stream("Sampler", "Sample", request, "SampleResponse"))


if __name__ == "__main__":
    unittest.main()
