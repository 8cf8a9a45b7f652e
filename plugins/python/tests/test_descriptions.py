"""Plugins that are described wrong: each mistake is said in words that name it, and nothing is left behind."""

import time
import unittest

from host import HEAD, Failed, Plugin, eventually, processes


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

    def test_settings_of_a_wrong_type(self):
        for setting, words in {
            "batch = 2.5": "R.batch is 2.5; it is of type int", "batch = True": "R.batch is True", "batch = 0": "R.batch is at least 1", "code_version = 2": "R.code_version is 2; it is of type str",
            "parts = 'cosine'": "R.parts is 'cosine'; it is a list", "parts = ['score']": "the score itself is no part", "name = 'a b'": "a name is of letters", "device_memory = '6 GB'": "of type int",
        }.items():
            with self.subTest(setting):
                self.refused(HEAD + f"class R(plumb.Reward):\n  {setting}\n  def score(self, prompts): ...\nplumb.main(R)", words)

    def test_options_of_a_class_that_is_no_component(self):
        self.refused(HEAD + "class M:\n  x: int = 1\nclass R(M, plumb.Reward):\n  def score(self, prompts): ...\nplumb.main(R)", "R has options of M, which is neither a component")

    def test_packages_that_are_missing(self):
        with self.assertRaisesRegex(AssertionError, "No module named 'grpc'"):
            # -S: without site-packages, where the libraries are.
            Plugin(source="import os, sys\nif '-S' not in sys.orig_argv:\n  os.execv(sys.executable, [sys.executable, '-S', __file__])\nimport plumb_plugin as plumb\nimport time\ntime.sleep(30)")

    def test_long_import(self):
        with Plugin(source=HEAD + "import time\ntime.sleep(25)\nplumb.main()") as plugin:
            with self.assertRaisesRegex(Failed, "still being imported after 20 s"):
                plugin.describe()


if __name__ == "__main__":
    unittest.main()
