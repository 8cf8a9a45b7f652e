"""What a plugin prints, warns of, reads and leaves as its last words."""

import signal
import unittest

from host import HEAD, Failed, Plugin, eventually, item, plain, processes, reward

ITEMS = [item(i, plain(i)) for i in range(16)]


class Output(unittest.TestCase):
    def test_prints_do_not_harm(self):
        source = HEAD + "print('after it')\nimport os\nos.system('echo by a child')\nclass R(plumb.Reward):\n  def score(self, images):\n    print('in score')\n    return images[:, 0, 0, 0]\nplumb.main(R)"
        with Plugin(source=source) as plugin:
            self.assertEqual(plugin.scores(plugin.open("reward", "r"), ITEMS), list(range(16)))
            for words in ("after it", "by a child", "in score"):
                self.assertIn(words, plugin.said())

    def test_input_is_at_its_end(self):
        with reward("input()") as plugin, self.assertRaisesRegex(Failed, "EOFError"):
            plugin.scores(plugin.open("reward", "wrong"), ITEMS)

    def test_warnings(self):
        source = HEAD + "class R(plumb.Reward):\n  def load(self):\n    plumb.warn('loaded on a processor')\n  def score(self, images):\n    plumb.warn('x' * 100000)\n    return images[:, 0, 0, 0]\nplumb.main(R)"
        with Plugin(source=source) as plugin:
            instance = plugin.open("reward", "r")
            self.assertEqual(plugin.opened.warnings, ["loaded on a processor"])
            call = plugin.score(instance, ITEMS[:3])
            list(call)
            self.assertEqual([len(w) for w in call.warnings], [65536])

    def test_warnings_are_said_once_and_are_bounded(self):
        source = HEAD + "class R(plumb.Reward):\n  batch = 1\n  def score(self, images):\n    for i in range(400): plumb.warn(str(i + int(images[0, 0, 0, 0]) * 200))\n    return [1]\nplumb.main(R)"
        with Plugin(source=source) as plugin:
            call = plugin.score(plugin.open("reward", "r"), ITEMS[:6])
            list(call)
            self.assertEqual(call.warnings, [str(i) for i in range(1000)] + ["There are more warnings than a call may have; the log has them."])

    def test_device_and_dtype(self):
        source = HEAD + "class R(plumb.Reward):\n  def load(self): plumb.warn(f'{plumb.device()} {plumb.dtype()} {self.seed} {self.checkpoint}')\n  def score(self, images):\n    plumb.warn(f'{plumb.device()} {plumb.dtype()}')\n    return images[:, 0, 0, 0]\nplumb.main(R)"
        with Plugin(source=source) as plugin:
            first = plugin.open("reward", "r", device="mps", dtype="bfloat16", seed=2**63 + 1, checkpoint="/a/b")
            self.assertEqual(plugin.opened.warnings, ["mps bfloat16 9223372036854775809 /a/b"])
            plugin.open("reward", "r")
            self.assertEqual(plugin.opened.warnings, ["cpu float32 0 None"])
            call = plugin.score(first, ITEMS[:2])
            list(call)
            self.assertEqual(call.warnings, ["mps bfloat16"])

    def test_segmentation_fault_has_a_stack(self):
        with reward("import ctypes\nctypes.string_at(0)") as plugin:
            instance = plugin.open("reward", "wrong")
            with self.assertRaises(Exception):
                plugin.scores(instance, ITEMS)
            self.assertEqual(plugin.process.wait(5), -signal.SIGSEGV)
            self.assertIn("in score", plugin.said())
            self.assertTrue(eventually(lambda: not processes(plugin.process.pid)))
            self.assertFalse(plugin.sockets.exists())


if __name__ == "__main__":
    unittest.main()
