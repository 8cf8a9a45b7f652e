"""A host in Python, as far as tests need one. It keeps to docs/plugin-protocol.md and nothing else."""

import io
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time

import grpc
import numpy as np
from PIL import Image as Pillow

from plumb_plugin._wire import message

HERE = pathlib.Path(__file__).parent
COOKIE = {"PLUMB_PLUGIN": "a plumb line is the oldest alignment tool"}
HEAD = "import plumb_plugin as plumb\n"


class Failed(Exception):
    """A Failure, or diagnostics in an answer."""

    def __init__(self, diagnostics):
        self.diagnostics = [(d.summary, d.detail) for d in diagnostics]
        super().__init__("\n".join(f"{s}\n{d}" for s, d in self.diagnostics))


class Plugin:
    """A plugin's process and the connection to it. name is a file of tests/plugins; or source is its text."""

    def __init__(self, name=None, source=None, environment=(), handshake=20):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="plumb-test-"))
        self.sockets = self.folder / "sockets"
        self.sockets.mkdir(0o700)
        file = HERE / "plugins" / f"{name}.py" if name else self.folder / "plugin.py"
        if source:
            file.write_text(textwrap.dedent(source))
        self.stderr = open(self.folder / "stderr", "w+")
        kept = {k: os.environ[k] for k in ("PATH", "HOME", "LD_LIBRARY_PATH") if k in os.environ}
        self.process = subprocess.Popen(
            [sys.executable, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.stderr, start_new_session=True,
            env={**kept, "PYTHONPATH": os.environ.get("PYTHONPATH", ""), "PYTHONDONTWRITEBYTECODE": "1", **COOKIE, **dict(environment),
                 "PLUGIN_UNIX_SOCKET_DIR": str(self.sockets)})
        try:
            line = self.first_line(handshake)
        except BaseException:
            self.end()
            raise
        core, version, network, self.path, protocol = line.split("|")
        assert (core, version, network, protocol) == ("1", "1", "unix", "grpc"), line
        most = 256 << 20
        self.channel = grpc.insecure_channel("unix:" + self.path, options=[
            ("grpc.max_receive_message_length", most), ("grpc.max_send_message_length", most)])

    def first_line(self, patience):
        ready, _, _ = select.select([self.process.stdout], [], [], patience)
        line = self.process.stdout.readline().decode().strip() if ready else ""
        if not re.match(r"^\d+\|\d+\|(unix|tcp)\|", line):
            raise AssertionError(f"no handshake but {line!r}; {self.said()}")
        return line

    def said(self):
        """What it printed."""
        self.stderr.flush()
        return (self.folder / "stderr").read_text()

    def end(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.stderr.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if hasattr(self, "channel"):
            self.channel.close()
        self.end()

    # Calls

    def unary(self, service, method, request, response, timeout=30):
        return self.channel.unary_unary(f"/plumb.plugin.v1.{service}/{method}", lambda m: m.SerializeToString(), message(response).FromString)(request, timeout=timeout)

    def describe(self):
        out = self.unary("Plugin", "Describe", message("DescribeRequest")(), "DescribeResponse")
        if out.diagnostics:
            raise Failed(out.diagnostics)
        return out

    def stream(self, service, method, request, response, timeout=60):
        """The answers; signals are kept. A request that is no message is an iterator of them."""
        path = f"/plumb.plugin.v1.{service}/{method}"
        kind = self.channel.unary_stream if hasattr(request, "SerializeToString") else self.channel.stream_stream
        return Call(kind(path, lambda m: m.SerializeToString(), message(response).FromString)(request, timeout=timeout))

    def open(self, kind, component, config=b"{}", **more):
        call = self.stream("Plugin", "Open", message("OpenRequest")(kind=kind, component=component, config_json=config, backend="auto", **more), "OpenResponse")
        answers = list(call)
        self.opened = call
        (with_instance,) = [a for a in answers if a.instance]
        self.facts = dict(with_instance.facts)
        return with_instance.instance

    def close(self, instance):
        return self.unary("Plugin", "Close", message("CloseRequest")(instance=instance), "CloseResponse")

    def stop(self):
        return self.unary("Plugin", "Stop", message("StopRequest")(), "StopResponse")

    def score(self, instance, items, timeout=60):
        return self.stream("Reward", "Score", requests("Score", instance, items), "ScoreResponse", timeout)

    def scores(self, instance, items):
        """By position."""
        found = {a.score.position: a.score.score for a in self.score(instance, items)}
        assert sorted(found) == list(range(len(items))), sorted(found)
        return [found[i] for i in range(len(items))]


def reward(body):
    """A plugin with one reward, "wrong", whose score has a body."""
    lines = "\n".join("        " + line for line in body.strip().splitlines())
    return Plugin(source=f"{HEAD}\nclass Wrong(plumb.Reward):\n    def score(self, prompts, images):\n{lines}\n\nplumb.main(Wrong)\n")


class Call:
    """A stream of answers without its signals, which it keeps."""

    def __init__(self, stream):
        self.stream, self.heartbeats, self.done = stream, [], False

    def __iter__(self):
        for answer in self.stream:
            kind = answer.signal.WhichOneof("kind")
            if kind == "heartbeat":
                self.heartbeats.append(answer.signal.heartbeat)
            elif kind == "failure":
                raise Failed(answer.signal.failure.diagnostics)
            elif kind == "done":
                self.done = True
            else:
                assert not self.done, "an answer after Done"
                yield answer
        assert self.done, "a stream ended without Done"

    @property
    def warnings(self):
        return [w for h in self.heartbeats for w in h.warnings]

    @property
    def busy(self):
        return [h.busy for h in self.heartbeats]


def requests(method, instance, items):
    yield message(method + "Request")(instance=instance)
    for item in items:
        yield message(method + "Request")(item=item)


def item(position, pixels=None, text="a red ring", png=False, category="colour", slots=(), **more):
    out = message("Item")(position=position, id=f"item-{position}", prompt=message("Prompt")(text=text, category=category, slots=dict(slots)), **more)
    if pixels is not None:
        out.image.CopyFrom(image(pixels, png))
    return out


def image(pixels, png=False):
    height, width, _ = pixels.shape
    if not png:
        return message("Image")(encoding=2, width=width, height=height, data=pixels.tobytes())
    out = io.BytesIO()
    Pillow.fromarray(pixels).save(out, "PNG")
    return message("Image")(encoding=1, data=out.getvalue())


def plain(red, green=0, blue=0, size=(4, 4)):
    return np.full((*size, 3), (red, green, blue), np.uint8)


def processes(group):
    """Those of a process group that are alive."""
    alive = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                rest = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(rest[2]) == group and rest[0] not in "ZX":
                alive.append(int(entry.name))
    return alive


def eventually(condition, patience=5.0):
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
