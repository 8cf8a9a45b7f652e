"""What an author's code says while it works, and what it asks: warnings, progress, the device."""

import sys
from types import TracebackType
from typing import Any, Callable, Dict, Optional, Type

_most = 64 << 10  # bytes of a text; the host cuts there, too


class Error(Exception):
    """A failure that the user is to be told of as it is, without a traceback.

    The summary is a short sentence without a full stop, the detail says what to do about it.
    """

    def __init__(self, summary: str, detail: str = "") -> None:
        super().__init__(summary)
        self.summary, self.detail = summary, detail


class _Call:
    """What the author's process is busy with; between calls, and by hand, nothing."""

    def __init__(self) -> None:
        self.tell: Callable[[Dict[str, Any]], None] = by_hand
        self.device = self.dtype = self.backend = ""


def by_hand(event: Dict[str, Any]) -> None:
    """Where events go while there is no host."""
    if event["event"] == "warn":
        print("warning:", event["text"], file=sys.stderr)


now = _Call()


def warn(text: str) -> None:
    """Tells the user something that is no reason to fail, such as a prompt that was cut off.

    A sentence or two that name the thing and say what follows from it. The same text is shown once a stage.
    """
    if text:
        now.tell({"event": "warn", "text": text[:_most]})


class busy:
    """Says what keeps the call from getting on, for people who watch: busy("weights are being read").

    It holds until the next one, until the call ends, or until the end of a with block.
    """

    def __init__(self, text: str) -> None:
        now.tell({"event": "busy", "text": text[:_most]})

    def __enter__(self) -> "busy":
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        now.tell({"event": "busy", "text": ""})


def progress(step: int, steps: int, **values: float) -> None:
    """Reports how far load, fit, precompute or tune is: finished and planned steps, and the training
    curve's values at this step."""
    now.tell({"event": "progress", "step": max(int(step), 0), "steps": max(int(steps), 0),
              "values": {name: float(value) for name, value in values.items()}})


def device() -> str:
    """The device to compute on, as PyTorch calls it: what the experiment names, else the best there is."""
    if now.device:
        if now.device.startswith("cuda") and not _torch("cuda.is_available"):
            raise Error(f"The experiment asks for the device {now.device!r}, and PyTorch sees no GPU",
                        "Is PyTorch built for CUDA in the plugin's environment, and does CUDA_VISIBLE_DEVICES name a GPU?")
        return now.device
    if now.backend in ("go", "xla:cpu"):
        return "cpu"
    if _torch("cuda.is_available"):
        return "cuda"
    return "mps" if _torch("backends.mps.is_available") else "cpu"


def dtype(default: str = "float32") -> str:
    """The type of number to compute with, as PyTorch calls it: what the experiment names, else the default."""
    return now.dtype or default


def _torch(question: str) -> bool:
    try:
        import torch
    except ImportError:
        return False
    ask: Any = torch
    for name in question.split("."):
        ask = getattr(ask, name, None)
    return bool(ask and ask())
