"""Who ends when whom is gone, and who goes on."""

import os
import signal
import time
import unittest

from host import HEAD, Failed, Plugin, eventually, item, plain, processes, reward

ITEMS = [item(i, plain(i)) for i in range(16)]


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
