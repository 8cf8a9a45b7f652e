"""The author's process: it starts the front, describes its components, and does what the front asks, one thing after the other."""

import atexit
import faulthandler
import fcntl
import json
import os
import pathlib
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from types import FrameType
from typing import Any, Callable, Dict, List, NoReturn, Optional, Sequence, Tuple, Type

from . import _answers, call, component, options
from ._pipe import Frame, Pipe
from .component import Component

KEY, VALUE = "PLUMB_PLUGIN", "a plumb line is the oldest alignment tool"  # not a secret: a sign that Plumb started the process
FRONT = "PLUMB_FRONT"  # what the front is to know, as JSON

_front: Optional[Pipe] = None
_hello = False  # the front knows what there is here, or why nothing is


def begin() -> None:
    """Starts the front as a child, so that this process keeps its exit status and last words for the host."""
    global _front
    if _front is not None or os.environ.get(KEY) != VALUE:
        return
    del os.environ[KEY]  # children of this one are no plugins
    ours, theirs = socket.socketpair()
    life, lives = os.pipe()
    told = {"socket": theirs.fileno(), "life": lives, "path": _path(), "process": os.getpid()}
    child = subprocess.Popen(
        [sys.executable, "-I", str(pathlib.Path(__file__).with_name("_front.py"))],
        env={**os.environ, FRONT: json.dumps(told)},
        pass_fds=[theirs.fileno(), lives],
    )
    theirs.close()
    os.close(lives)
    os.register_at_fork(after_in_child=ours.close)  # a child that lives on must not hold the front's socket open
    os.dup2(2, 1)  # what libraries print goes to the log
    sys.stdout = os.fdopen(1, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)  # input() fails at once, and does not eat the host's sign of life
    os.close(nothing)
    faulthandler.enable()  # a stack, where a crash would say nothing
    _die_with(life)
    _front = Pipe(ours)
    sys.excepthook = _died
    atexit.register(_ended)
    threading.Thread(target=_watch, args=(child,), daemon=True).start()


def _path() -> List[str]:
    """Where the front finds its libraries: last beside the author's files, which may have the same names."""
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    beside = {os.getcwd(), os.path.dirname(os.path.abspath(main or ""))}
    return sorted((os.path.abspath(p) for p in sys.path), key=lambda p: p in beside)


def _die_with(life: int) -> None:
    """Has the kernel end this process when the front is gone, even while the model holds the GIL."""
    try:
        faulthandler.register(signal.SIGIO, all_threads=False, chain=True)  # where it was, then the end
        fcntl.fcntl(life, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(life, fcntl.F_SETFL, fcntl.fcntl(life, fcntl.F_GETFL) | os.O_ASYNC)
    except (OSError, AttributeError):
        pass  # the thread that waits for the front has to do


def _watch(child: "subprocess.Popen[bytes]") -> None:
    status = child.wait()
    print(f"plumb_plugin: the process that speaks with Plumb ended with status {status}", file=sys.stderr, flush=True)
    os._exit(1)


def _died(kind: Type[BaseException], value: BaseException, trace: Any) -> None:
    """What happens before main, such as an ImportError, is what Describe answers."""
    text = "".join(traceback.format_exception(kind, value, trace))
    print(text, file=sys.stderr, flush=True)
    _no_plugin(_answers.of(value), text)
    os._exit(1)


def _ended() -> None:
    if not _hello:
        _no_plugin("The plugin's file came to its end without plumb_plugin.main(...)", "Its last line hands the components over:\n  plumb_plugin.main(Redness)")


def _no_plugin(summary: str, detail: str) -> None:
    global _hello
    if _front is None or _hello:
        return
    _hello = True
    try:
        _front.send({"failure": _diagnostic(summary, detail)})
        _front.connection.settimeout(30)
        _front.receive()  # the front has passed it on, or has gone
    except (OSError, EOFError):
        pass


def _diagnostic(summary: str, detail: str = "") -> Dict[str, str]:
    cut = 32 << 10  # of a traceback the beginning and the end tell most
    return {"summary": summary[:4096], "detail": detail if len(detail) <= 2 * cut else detail[:cut] + "\n...\n" + detail[-cut:]}


def main(*components: Type[Component], name: Optional[str] = None, version: str = "0.1.0") -> None:
    """Serves components to Plumb, and is the last line of a plugin's file.

    name is the plugin's, as a plugin block calls it: that of the file, unless it is given. Run by hand, the file
    prints the HCL that uses it and tries its components.
    """
    global _hello
    name = name or _file_name()
    known: Dict[Tuple[str, str], Type[Component]] = {}
    described: List[Dict[str, Any]] = []
    mistakes: List[str] = []
    for c in components:
        try:
            if not (isinstance(c, type) and issubclass(c, Component) and hasattr(c, "kind")):
                raise options.Mistake(f"main takes classes of Reward, Sampler, Rater or Encoder, not {c!r}")
            if (c.kind, c.name) in known:
                raise options.Mistake(f"{c.__name__} and {known[c.kind, c.name].__name__} are both {c.kind} {c.name!r}; name = \"...\" in one of them tells them apart")
            known[c.kind, c.name] = c
            described.append(component.describe(c))
        except options.Mistake as e:
            mistakes.append(str(e))
    if not components:
        mistakes.append("main was called without a component")
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        mistakes.append(f"the plugin's name is {name!r}; it is of letters, digits, _ and -")
    if _front is None:
        from . import _hand
        _hand.run(known, name, version, mistakes)
        return
    if mistakes:
        _no_plugin(mistakes[0], "\n".join(mistakes[1:]))
        os._exit(1)
    _front.send({"name": name, "version": version, "components": described})
    _hello = True
    _Work(_front, known).run()


def _file_name() -> str:
    main_module = sys.modules["__main__"]
    file = pathlib.Path(getattr(main_module, "__file__", None) or "plugin")
    stem = file.resolve().parent.name if file.stem == "__main__" else file.stem
    return re.sub(r"[^A-Za-z0-9_-]", "_", stem)


class Cancelled(KeyboardInterrupt):
    """Nobody waits any more for what is being done. Libraries take it for Ctrl-C, and leave their state in order."""


class _Work:
    """The loop that does what the front asks."""

    def __init__(self, front: Pipe, known: Dict[Tuple[str, str], Type[Component]]) -> None:
        self.front, self.known = front, known
        self.asked: "queue.Queue[Optional[Frame]]" = queue.Queue()
        self.open: Dict[str, Component] = {}
        self.settings: Dict[str, Tuple[str, str, str]] = {}  # device, dtype and backend of an instance
        self.last = 0
        self.call = 0  # that is being done; 0: none
        self.cancelled = 0  # the last that nobody waits for
        self.interruptible = False  # the author's code runs, and none of ours

    def run(self) -> NoReturn:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self.interrupt)  # Ctrl-C is the host's; here it means cancelled
        threading.Thread(target=self.listen, daemon=True).start()
        while True:
            frame = self.asked.get()
            if frame is None:
                sys.exit(0)
            self.answer(*frame)

    def listen(self) -> None:
        while True:
            try:
                frame = self.front.receive()
            except (EOFError, OSError):
                time.sleep(1)  # the front is gone, and with it the host, or something went wrong, which is then said
                os._exit(1)
            if frame[0]["op"] == "cancel":
                self.cancelled = frame[0]["call"]
                if self.call == self.cancelled:
                    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)  # wakes a sleep, too
            else:
                self.asked.put(None if frame[0]["op"] == "exit" else frame)

    def interrupt(self, number: int, frame: Optional[FrameType]) -> None:
        if self.interruptible and self.call == self.cancelled:
            self.interruptible = False
            raise Cancelled

    def tell(self, event: Dict[str, Any], payload: Sequence[Any] = ()) -> None:
        """Sends what comes before a call's end. No frame is left half by a cancellation."""
        ours = threading.current_thread() is threading.main_thread() and self.interruptible
        if ours:
            self.interruptible = False
        try:
            self.front.send({"call": self.call, **event}, payload)
        except OSError:
            pass  # the listener ends the process
        if ours:
            if self.call == self.cancelled:
                raise Cancelled
            self.interruptible = True

    def interruptibly(self, ask: Dict[str, Any], payload: bytearray) -> Tuple[Dict[str, Any], Sequence[Any]]:
        try:
            self.interruptible = True
            if self.call == self.cancelled:
                raise Cancelled
            out: Tuple[Dict[str, Any], Sequence[Any]] = getattr(self, "do_" + ask["op"])(ask, payload)
            return out
        finally:
            self.interruptible = False

    def answer(self, ask: Dict[str, Any], payload: bytearray) -> None:
        self.call = ask["call"]
        device, dtype, backend = self.settings.get(ask.get("instance", ""), ("", "", ""))
        call.now.tell, call.now.device, call.now.dtype, call.now.backend = self.tell, device, dtype, backend
        out: Tuple[Dict[str, Any], Sequence[Any]]
        try:
            out = self.interruptibly(ask, payload)
        except Cancelled:
            out = {"cancelled": True}, ()
        except SystemExit as e:
            out = {"failure": _diagnostic(f"The plugin called exit({e.code!r}); an exception says what is wrong", _answers.trace(e))}, ()
        except call.Error as e:
            cause = _answers.trace(e.__cause__) if e.__cause__ else ""
            out = {"failure": _diagnostic(e.summary, "\n".join(filter(None, (e.detail, cause))))}, ()
        except BaseException as e:
            out = {"failure": _diagnostic(_answers.of(e), _answers.trace(e))}, ()
        number, self.call = self.call, 0
        call.now.tell = call.by_hand
        self.front.send({"call": number, "end": True, **out[0]}, out[1])

    # What the front asks. Each returns the answer's object and bytes.

    def opening(self, ask: Dict[str, Any]) -> Component:
        one: Component = options.read(self.known[ask["kind"], ask["component"]], ask["config"])
        return one

    def do_open(self, ask: Dict[str, Any], payload: bytearray) -> Tuple[Dict[str, Any], Sequence[Any]]:
        call.now.device, call.now.dtype, call.now.backend = settings = (ask["device"], ask["dtype"], ask["backend"])
        one = self.opening(ask)
        setattr(one, "seed", ask["seed"])
        setattr(one, "checkpoint", pathlib.Path(ask["checkpoint"]) if ask["checkpoint"] else None)
        try:
            one.load()
            facts = _answers.facts(one)
        except BaseException:
            try:
                one.close()
            except Exception:
                pass  # of something half read; why it is, is what the user is to know
            raise
        self.interruptible = False  # from here on it is open
        self.last += 1
        self.open[str(self.last)] = one
        self.settings[str(self.last)] = settings
        return {"instance": str(self.last), "facts": facts}, ()

    def do_close(self, ask: Dict[str, Any], payload: bytearray) -> Tuple[Dict[str, Any], Sequence[Any]]:
        one = self.open.pop(ask["instance"], None)
        self.settings.pop(ask["instance"], None)
        if one is not None:
            one.close()
        return {}, ()

    def do_stop(self, ask: Dict[str, Any], payload: bytearray) -> Tuple[Dict[str, Any], Sequence[Any]]:
        failure: Optional[Exception] = None
        while self.open:
            try:
                self.open.popitem()[1].close()
            except Exception as e:
                failure = failure or e
        if failure is not None:
            raise failure
        return {}, ()

    def do_check_prompts(self, ask: Dict[str, Any], payload: bytearray) -> Tuple[Dict[str, Any], Sequence[Any]]:
        one: Any = self.opening(ask)
        faults = list(one.check_prompts(**self.arguments(one, "check_prompts", ask)) or ())
        for f in faults:
            if not isinstance(f, component.Fault) or not 0 <= f.prompt < len(ask["prompts"]):
                raise _answers.Wrong(f"{type(one).__name__}.check_prompts gave {f!r} for {len(ask['prompts'])} prompts; expected a list of plumb_plugin.Fault")
        return {"faults": [[f.prompt, f.reason, f.excerpt, f.warning] for f in faults], "vocabulary": list(one.vocabulary())}, ()

    def do_score(self, ask: Dict[str, Any], payload: bytearray) -> Tuple[Dict[str, Any], Sequence[Any]]:
        one: Any = self.open[ask["instance"]]
        return {"scores": self.batch(one, "score", ask, payload, "image", _answers.scores(one))}, ()

    def do_rate(self, ask: Dict[str, Any], payload: bytearray) -> Tuple[Dict[str, Any], Sequence[Any]]:
        one = self.open[ask["instance"]]
        return {"words": self.batch(one, "rate", ask, payload, "image", _answers.words(one, "rate", ("good", "bad", "skip")))}, ()

    def do_compare(self, ask: Dict[str, Any], payload: bytearray) -> Tuple[Dict[str, Any], Sequence[Any]]:
        one = self.open[ask["instance"]]
        return {"words": self.batch(one, "compare", ask, payload, "pair", _answers.words(one, "compare", ("first", "second", "tie")))}, ()

    def do_encode_images(self, ask: Dict[str, Any], payload: bytearray) -> Tuple[Dict[str, Any], Sequence[Any]]:
        return self.encode(ask, payload, "encode_images", "image")

    def do_encode_texts(self, ask: Dict[str, Any], payload: bytearray) -> Tuple[Dict[str, Any], Sequence[Any]]:
        return self.encode(ask, payload, "encode_texts", "text")

    def encode(self, ask: Dict[str, Any], payload: bytearray, method: str, what: str) -> Tuple[Dict[str, Any], Sequence[Any]]:
        import numpy as np
        one = self.open[ask["instance"]]
        vectors = np.stack(self.batch(one, method, ask, payload, what, _answers.vectors(one, method)))
        return {"dimension": vectors.shape[1]}, (vectors,)

    def do_sample(self, ask: Dict[str, Any], payload: bytearray) -> Tuple[Dict[str, Any], Sequence[Any]]:
        one: Any = self.open[ask["instance"]]
        done = 0
        while done < len(ask["seeds"]):
            most = min(getattr(one, "_most", len(ask["seeds"])), len(ask["seeds"]) - done)
            part = {k: v[done:done + most] for k, v in ask.items() if isinstance(v, list)}
            asked = _answers.Asked("image", [f"seed {s}" for s in part["seeds"]], [p[0] for p in part["prompts"]])
            started = done
            try:
                for image in _answers.images(one, one.sample(**self.arguments(one, "sample", part)), asked):
                    self.tell({"event": "image", "position": done, "shape": image.shape[:2]}, (image,))
                    done += 1
            except Exception as e:
                if isinstance(e, call.Error):
                    raise
                if most > 1 and _answers.out_of_memory(e):
                    one._most = most // 2
                    _answers.free_memory(e)
                    call.warn(_answers.smaller(one, most))
                    continue
                raise _answers.Wrong(f"{type(one).__name__}.sample: {_answers.of(e)} at {asked.one(min(done - started, len(asked) - 1))}") from e
        return {}, ()

    def do_fit(self, ask: Dict[str, Any], payload: bytearray) -> Tuple[Dict[str, Any], Sequence[Any]]:
        one: Any = self.open[ask["instance"]]
        one.fit(_fit_request(ask["request"]))
        return {}, ()

    def do_fit_texts(self, ask: Dict[str, Any], payload: bytearray) -> Tuple[Dict[str, Any], Sequence[Any]]:
        one: Any = self.open[ask["instance"]]
        texts = list(one.fit_texts(_fit_request(ask["request"])))
        if not all(isinstance(t, str) for t in texts):
            raise _answers.Wrong(f"{type(one).__name__}.fit_texts is to return texts")
        return {"texts": list(dict.fromkeys(texts))}, ()

    def do_precompute(self, ask: Dict[str, Any], payload: bytearray) -> Tuple[Dict[str, Any], Sequence[Any]]:
        one: Any = self.open[ask["instance"]]
        r = ask["request"]
        one.precompute(component.PrecomputeRequest(pathlib.Path(r["images"]), r["seed"], pathlib.Path(r["output"]), pathlib.Path(r["scratch"])))
        return {}, ()

    def do_tune(self, ask: Dict[str, Any], payload: bytearray) -> Tuple[Dict[str, Any], Sequence[Any]]:
        one: Any = self.open[ask["instance"]]
        one.tune(_tune_request(one, ask["request"]))
        return {}, ()

    def batch(self, one: Component, method: str, ask: Dict[str, Any], payload: bytearray, what: str, check: Callable[[Any, _answers.Asked], List[Any]]) -> List[Any]:
        arguments = self.arguments(one, method, ask, payload)
        asked = _answers.Asked(what, ask["ids"], [p[0] for p in ask.get("prompts", [])])
        return _answers.halving(one, method, arguments, asked, check)

    def arguments(self, one: Component, method: str, ask: Dict[str, Any], payload: bytearray = bytearray()) -> Dict[str, Any]:
        """What a method asks for, by name."""
        have: Dict[str, Callable[[], Any]] = {
            "ids": lambda: ask["ids"],
            "texts": lambda: ask["texts"],
            "seeds": lambda: ask["seeds"],
            "prompts": lambda: [p[0] for p in ask["prompts"]],
            "categories": lambda: [p[1] for p in ask["prompts"]],
            "slots": lambda: [p[2] for p in ask["prompts"]],
            **{name: _view(payload, *where) for name, where in ask.get("arrays", {}).items()},
        }
        return {name: have[name]() for name in component.wants(type(one), method) if name in have}


def _view(payload: bytearray, kind: str, shape: List[int], offset: int) -> Callable[[], Any]:
    def view() -> Any:
        import numpy as np
        count = 1
        for n in shape:
            count *= n
        return np.frombuffer(payload, dtype=kind, count=count, offset=offset).reshape(shape)
    return view


def _given(path: str) -> Optional[pathlib.Path]:
    return pathlib.Path(path) if path else None


def _fit_request(r: Dict[str, Any]) -> component.FitRequest:
    absent = os.devnull  # fit_texts has no folder yet: writing into this fails
    return component.FitRequest(
        sets=[component.FitSet(pathlib.Path(s["images"]), _given(s["labels"]), _given(s["image_features"])) for s in r["sets"]],
        text_features=[pathlib.Path(p) for p in r["text_features"]], seed=r["seed"],
        output=pathlib.Path(r["output"] or absent), scratch=pathlib.Path(r["scratch"] or absent),
    )


def _tune_request(one: component.Sampler, r: Dict[str, Any]) -> component.TuneRequest:
    def settings(cls: Optional[Type[Any]], given: Dict[str, Any]) -> Any:
        return None if cls is None else options.read(component.as_dataclass(cls), given)

    classes = {l.name: l.options for l in one.losses}
    losses = [
        component.TuneLoss(l["name"], l["weight"], settings(classes.get(l["name"]), l["options"]), [
            component.TuneSet(pathlib.Path(s["images"]), *(_given(s[k]) for k in ("precomputed", "scores", "labels", "comparisons")))
            for s in l["sets"]
        ])
        for l in r["losses"]
    ]
    reference = None if r["reference"] is None else component.TuneReference(_given(r["reference"]))
    return component.TuneRequest(
        losses=losses, steps=r["steps"], batch_size=r["batch_size"], optimizer=r["optimizer"], options=settings(one.tuning, r["options"]),
        seed=r["seed"], from_scratch=r["from_scratch"], reference=reference, output=pathlib.Path(r["output"]), scratch=pathlib.Path(r["scratch"]),
        until=r["until"], state=_given(r["state"]), resume=_given(r["resume"]),
    )
