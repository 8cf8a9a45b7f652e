"""Plugins that are wrong on purpose: each mistake is said in words that name it, and nothing is left behind."""

import os
import signal
import time
import unittest

from host import Failed, Plugin, eventually, item, plain, processes

HEAD = "import plumb_plugin as plumb\n"


def reward(body, before="", head=HEAD, **more):
    """A plugin with one reward, whose score has a body."""
    lines = "\n".join("        " + line for line in body.strip().splitlines())
    return Plugin(source=f"{before}\n{head}\nclass Wrong(plumb.Reward):\n    def score(self, prompts, images):\n{lines}\n\nplumb.main(Wrong)\n", **more)


ITEMS = [item(i, plain(i)) for i in range(16)]


class Descriptions(unittest.TestCase):
    def refused(self, source, *words):
        with Plugin(source=source) as plugin:
            started = time.monotonic()
            with self.assertRaises(Failed) as caught:
                plugin.describe()
            for word in words:
                self.assertIn(word, str(caught.exception))
            self.assertLess(time.monotonic() - started, 5)
            self.assertTrue(eventually(lambda: not processes(plugin.process.pid)), processes(plugin.process.pid))
            self.assertFalse(plugin.sockets.exists())

    def test_import_error(self):
        self.refused(HEAD + "import numpyy\nplumb.main()", "ModuleNotFoundError: No module named 'numpyy'", "line 2")

    def test_exception_at_import(self):
        self.refused(HEAD + "x = 1 / 0", "ZeroDivisionError: division by zero", "line 2")

    def test_no_main(self):
        self.refused(HEAD, "came to its end without plumb_plugin.main")

    def test_exit_before_main(self):
        self.refused(HEAD + "exit(3)", "came to its end without plumb_plugin.main")

    def test_nothing_to_serve(self):
        self.refused(HEAD + "plumb.main()", "without a component")

    def test_no_component(self):
        self.refused(HEAD + "plumb.main(dict)", "main takes classes of Reward, Sampler, Rater or Encoder, not <class 'dict'>")

    def test_no_score(self):
        self.refused(HEAD + "class R(plumb.Reward): pass\nplumb.main(R)", "R is a reward without a method score")

    def test_two_of_one_name(self):
        self.refused(HEAD + "class R(plumb.Reward):\n  def score(self, prompts): ...\nS = R\nclass T(R):\n  name = 'r'\nplumb.main(R, T)", "T and R are both reward 'r'")

    def test_several_mistakes_at_once(self):
        self.refused(HEAD + "class A(plumb.Reward): pass\nclass B(plumb.Rater): pass\nplumb.main(A, B)", "A is a reward without", "B is a rater without")

    def test_unknown_parameter(self):
        self.refused(HEAD + "class R(plumb.Reward):\n  def score(self, prompt, images): ...\nplumb.main(R)", "R.score asks for 'prompt'; did you mean 'prompts'?")

    def test_option_of_unknown_type(self):
        self.refused(HEAD + "class R(plumb.Reward):\n  x: dict = None\n  def score(self, prompts): ...\nplumb.main(R)", "R.x: an option is a str, float")

    def test_default_that_does_not_fit(self):
        self.refused(HEAD + "from typing import Literal\nclass R(plumb.Reward):\n  x: Literal['red', 'blue'] = 'bleu'\n  def score(self, prompts): ...\nplumb.main(R)",
                     "R.x: its default 'bleu' is not one of ['red', 'blue']; did you mean 'blue'?")

    def test_option_with_a_taken_name(self):
        self.refused(HEAD + "class R(plumb.Reward):\n  batch: int = 3\n  def score(self, prompts): ...\nplumb.main(R)", "R.batch: the name is taken")

    def test_own_init(self):
        self.refused(HEAD + "class R(plumb.Reward):\n  def __init__(self): ...\n  def score(self, prompts): ...\nplumb.main(R)", "R has an __init__")

    def test_method_of_another_kind(self):
        self.refused(HEAD + "class R(plumb.Reward):\n  def score(self, prompts): ...\n  def tune(self, request): ...\nplumb.main(R)", "R is a reward and has a method tune")

    def test_long_import(self):
        with Plugin(source=HEAD + "import time\ntime.sleep(25)\nplumb.main()") as plugin:
            with self.assertRaisesRegex(Failed, "still being imported after 20 s"):
                plugin.describe()


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
                     "Wrong.score: ValueError: eleven at image 'item-11' (prompt 'a red ring')", ", line 7, in score")

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

    def test_out_of_memory_with_one(self):
        self.failing(reward("raise MemoryError"), "Wrong.score: MemoryError at image 'item-0'", warnings=[
            f"Wrong ran out of memory with {n} at once; it gets {n // 2} from now on. batch = {n // 2} in the class says so from the start." for n in (16, 8, 4, 2)])

    def test_failed_load_leaves_the_plugin_usable(self):
        with Plugin(source=HEAD + "class R(plumb.Reward):\n  bad: bool = False\n  def load(self):\n    if self.bad: raise OSError('no weights')\n"
                                  "  def score(self, images): return images[:, 0, 0, 0]\nplumb.main(R)") as plugin:
            with self.assertRaisesRegex(Failed, "OSError: no weights"):
                plugin.open("reward", "r", b'{"bad":true}')
            self.assertEqual(plugin.scores(plugin.open("reward", "r"), ITEMS), list(range(16)))

    def test_labels(self):
        with Plugin(source=HEAD + "class R(plumb.Rater):\n  def rate(self, images): return ['fine'] * len(images)\nplumb.main(R)") as plugin:
            instance = plugin.open("rater", "r")
            from host import requests
            with self.assertRaisesRegex(Failed, "R.rate gave image 'item-0' .*str 'fine'; expected one of good, bad, skip"):
                list(plugin.stream("Rater", "Rate", requests("Rate", instance, ITEMS), "RateResponse"))

    def test_images(self):
        from plumb_plugin._wire import message
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


class Output(unittest.TestCase):
    def test_prints_do_not_harm(self):
        with reward("print('in score')\nimport os\nos.system('echo by a child')\nreturn images[:, 0, 0, 0]", before="print('before the import')", head=HEAD + "print('after it')") as plugin:
            pass
        # What is printed before the import is on standard output: the host looks for the handshake behind it.
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

    def test_segmentation_fault_has_a_stack(self):
        with reward("import ctypes\nctypes.string_at(0)") as plugin:
            instance = plugin.open("reward", "wrong")
            with self.assertRaises(Exception):
                plugin.scores(instance, ITEMS)
            self.assertEqual(plugin.process.wait(5), -signal.SIGSEGV)
            self.assertIn("in score", plugin.said())
            self.assertTrue(eventually(lambda: not processes(plugin.process.pid)))
            self.assertFalse(plugin.sockets.exists())


class Life(unittest.TestCase):
    def test_heartbeats_while_the_lock_is_held(self):
        with reward("import ctypes\nctypes.PyDLL(None).sleep(5)\nreturn images[:, 0, 0, 0]") as plugin:
            instance = plugin.open("reward", "wrong")
            call = plugin.score(instance, ITEMS[:1])
            list(call)
            self.assertGreaterEqual(len(call.heartbeats), 2)

    def busy(self, body, kill, patience):
        """Starts a score, kills somebody, and waits for everybody's end."""
        with reward(body) as plugin:
            plugin.open("reward", "wrong")
            stream = plugin.score("1", ITEMS).stream
            self.assertTrue(eventually(lambda: "begun" in plugin.said()), plugin.said())
            everybody = processes(plugin.process.pid)
            self.assertEqual(len(everybody), 2)
            kill(plugin, next(p for p in everybody if p != plugin.process.pid))
            self.assertTrue(eventually(lambda: not [p for p in processes(plugin.process.pid)], patience), "somebody is left")
            del stream
            return plugin.process.wait(1), plugin.said(), plugin.sockets.exists()

    SLEEP = "import time\nprint('begun')\ntime.sleep(60)"
    HELD = "import ctypes\nprint('begun')\nctypes.PyDLL(None).sleep(60)"

    def test_the_host_goes(self):
        for body in (self.SLEEP, self.HELD):
            status, _, left = self.busy(body, lambda plugin, front: plugin.process.stdin.close(), 2)
            self.assertEqual((status, left), (-signal.SIGKILL, False))

    def test_host_and_front_go_together(self):
        def kill(plugin, front):
            plugin.process.stdin.close()
            os.kill(front, signal.SIGKILL)
        status, said, _ = self.busy(self.HELD, kill, 2)
        self.assertNotEqual(status, 0)

    def test_the_front_goes(self):
        status, said, _ = self.busy(self.SLEEP, lambda plugin, front: os.kill(front, signal.SIGKILL), 2)
        self.assertNotEqual(status, 0)
        self.assertRegex(said, "the process that speaks with Plumb ended|in score")  # who was first: Python or the kernel

    def test_the_plugin_goes(self):
        status, _, left = self.busy(self.SLEEP, lambda plugin, front: os.kill(plugin.process.pid, signal.SIGKILL), 3)
        self.assertEqual((status, left), (-signal.SIGKILL, False))

    def test_children_go_too(self):
        body = "import subprocess, time\nsubprocess.Popen(['sleep', '60'])\nprint('begun')\ntime.sleep(60)"
        with reward(body) as plugin:
            plugin.open("reward", "wrong")
            stream = plugin.score("1", ITEMS).stream
            self.assertTrue(eventually(lambda: "begun" in plugin.said()))
            self.assertEqual(len(processes(plugin.process.pid)), 3)
            plugin.process.stdin.close()
            self.assertTrue(eventually(lambda: not processes(plugin.process.pid), 2))
            del stream

    def test_a_fork_computes(self):
        body = "import multiprocessing\nwith multiprocessing.get_context('fork').Pool(2) as pool:\n    return pool.map(float, images[:, 0, 0, 0].tolist())"
        with reward(body) as plugin:
            self.assertEqual(plugin.scores(plugin.open("reward", "wrong"), ITEMS), list(range(16)))

    def test_stop_ends_what_runs(self):
        with reward(self.SLEEP) as plugin:
            plugin.open("reward", "wrong")
            call = plugin.score("1", ITEMS)
            self.assertTrue(eventually(lambda: "begun" in plugin.said()))
            started = time.monotonic()
            self.assertFalse(plugin.stop().diagnostics)
            with self.assertRaisesRegex(Failed, "the plugin is stopping"):
                list(call)
            with self.assertRaisesRegex(Failed, "the plugin is stopping"):
                plugin.open("reward", "wrong")
            plugin.process.stdin.close()
            self.assertEqual(plugin.process.wait(3), 0)
            self.assertLess(time.monotonic() - started, 4)

    def test_an_idle_plugin_ends_by_itself(self):
        with Plugin(source="import atexit\n" + HEAD + "atexit.register(print, 'said at exit')\nclass R(plumb.Reward):\n  def score(self, images): ...\n  def close(self): print('closed')\nplumb.main(R)") as plugin:
            plugin.open("reward", "r")
            plugin.stop()
            plugin.process.stdin.close()
            self.assertEqual(plugin.process.wait(3), 0)
            self.assertIn("closed", plugin.said())
            self.assertIn("said at exit", plugin.said())

    def test_cancelled_calls_let_go(self):
        body = "import time\nif (images[:, 0, 0, 0] == 1).any():\n    print('begun')\n    time.sleep(60)\nreturn images[:, 0, 0, 0]"
        with reward(body) as plugin:
            instance = plugin.open("reward", "wrong")
            call = plugin.score(instance, ITEMS)
            self.assertTrue(eventually(lambda: "begun" in plugin.said()))
            call.stream.cancel()
            started = time.monotonic()
            self.assertEqual(plugin.scores(instance, [item(0, plain(9))]), [9])
            self.assertLess(time.monotonic() - started, 2)

    def test_interrupts_are_the_hosts(self):
        with reward("import time\ntime.sleep(1)\nreturn images[:, 0, 0, 0]") as plugin:
            instance = plugin.open("reward", "wrong")
            call = plugin.score(instance, ITEMS[:2])
            time.sleep(0.3)
            for p in processes(plugin.process.pid):
                os.kill(p, signal.SIGINT)
            self.assertEqual(sorted(a.score.score for a in call), [0, 1])

    def test_instances_take_turns(self):
        with reward("import time\ntime.sleep(0.02)\nreturn images[:, 0, 0, 0]") as plugin:
            instances = [plugin.open("reward", "wrong") for _ in range(5)]
            calls = [plugin.score(i, [item(n, plain(n)) for n in range(64)]) for i in instances]
            for call in calls:
                self.assertEqual(sorted(a.score.score for a in call), list(range(64)))


if __name__ == "__main__":
    unittest.main()
