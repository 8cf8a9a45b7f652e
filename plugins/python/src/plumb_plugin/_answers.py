"""What components answer, held against what was asked, in words that name the image."""

import gc
import math
import os
import sys
import traceback
from typing import Any, Callable, Dict, Iterator, List, Sequence, Tuple

from . import call
from .component import Component, Reward

Arguments = Dict[str, Any]  # by the names of a method's parameters; all of one length


class Wrong(call.Error):
    """An answer that is none. Asking for less at once would not mend it."""


class Asked:
    """The items of one batch: for messages."""

    def __init__(self, what: str, ids: Sequence[str], prompts: Sequence[str]) -> None:
        self.what, self.ids, self.prompts = what, ids, prompts

    def __len__(self) -> int:
        return len(self.ids)

    def one(self, i: int) -> str:
        return f"{self.what} {self.ids[i]!r}" + (f" (prompt {self.prompts[i]!r})" if i < len(self.prompts) else "")

    def part(self, start: int, end: int) -> "Asked":
        return Asked(self.what, self.ids[start:end], self.prompts[start:end])


def halving(component: Component, method: str, arguments: Arguments, asked: Asked, check: Callable[[Any, Asked], List[Any]]) -> List[Any]:
    """Calls a method for a batch, and returns what check makes of its answer: an answer for each item.

    A failure is traced to the first item that it comes with. Where memory was too small, the instance gets
    half as many from then on, and the user is told.
    """
    out: List[Any] = []
    while len(out) < len(asked):
        start, end = len(out), len(out) + getattr(component, "_most", len(asked))
        part = {name: values[start:end] for name, values in arguments.items()}
        out += _attempt(component, method, part, asked.part(start, end), check)
    return out


def _attempt(component: Component, method: str, arguments: Arguments, asked: Asked, check: Callable[[Any, Asked], List[Any]]) -> List[Any]:
    try:
        return check(getattr(component, method)(**arguments), asked)
    except call.Error:
        raise
    except Exception as e:
        failure = e
    name, count, half = type(component).__name__, len(asked), len(asked) // 2
    if count == 1:
        raise Wrong(f"{name}.{method}: {of(failure)} at {asked.one(0)}") from failure
    if out_of_memory(failure):
        component._most = half  # type: ignore[attr-defined]
        free_memory(failure)
        call.warn(smaller(component, count))
        return halving(component, method, arguments, asked, check)
    for start, end in ((0, half), (half, count)):  # down to the one that is to blame
        _attempt(component, method, {n: v[start:end] for n, v in arguments.items()}, asked.part(start, end), check)
    raise Wrong(f"{name}.{method}: {of(failure)} with {count} at once, from {asked.one(0)} on, and not with half as many") from failure


def smaller(component: Component, count: int) -> str:
    """The warning about a batch that memory was too small for."""
    name, half = type(component).__name__, count // 2
    return f"{name} ran out of memory with {count} at once; it gets {half} from now on. batch = {half} in the class says so from the start."


def trace(e: BaseException) -> str:
    """A traceback, from the author's first line on."""
    frames, here = e.__traceback__, os.path.dirname(os.path.abspath(__file__))
    while frames is not None and frames.tb_next is not None and os.path.dirname(frames.tb_frame.f_code.co_filename) == here:
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(e), e, frames))


def of(e: BaseException) -> str:
    """An exception in a line."""
    text = str(e).strip().partition("\n")[0][:500]
    return f"{type(e).__name__}: {text}" if text else type(e).__name__


def out_of_memory(e: BaseException) -> bool:
    """Whether half as much at once may do. PyTorch, JAX and TensorFlow each say it in another way."""
    said = str(e).lower()
    return isinstance(e, MemoryError) or type(e).__name__ in ("OutOfMemoryError", "ResourceExhaustedError") or any(w in said for w in _no_memory)


_no_memory = ("out of memory", "resource_exhausted", "alloc_failed", "can't allocate memory", "not enough memory")


def free_memory(e: BaseException) -> None:
    """Lets go of what a failed attempt holds: the locals in its traceback, and what PyTorch keeps of a device's memory."""
    traceback.clear_frames(e.__traceback__)
    gc.collect()
    torch = sys.modules.get("torch")
    for backend in (getattr(torch, "cuda", None), getattr(torch, "mps", None)):
        try:
            if backend is not None:
                backend.empty_cache()
        except (AttributeError, RuntimeError):
            pass


def array(given: Any) -> Any:
    """An answer as an array of numpy, wherever it was computed. Raises what numpy raises."""
    import numpy as np

    def one(value: Any) -> Any:
        if hasattr(value, "detach"):  # PyTorch; bfloat16 is no type of numpy
            value = value.detach().cpu()
            value = value.float() if value.is_floating_point() and value.element_size() < 4 else value
            return value.numpy()
        return value

    if isinstance(given, (list, tuple)) and any(hasattr(v, "detach") for v in given):
        given = [one(v) for v in given]
    return np.asarray(one(given))


def numbers(component: Component, method: str, given: Any, asked: Asked, what: str = "") -> List[float]:
    """One finite number an item."""
    import numpy as np
    name, of_what = f"{type(component).__name__}.{method}", f" for {what!r}" if what else ""
    try:
        values = array(given)
    except (TypeError, ValueError) as e:
        raise Wrong(f"{name} returned {_shown(given)}{of_what}, which is no array of numbers: {e}") from e
    if values.dtype.kind not in "fiub":
        raise Wrong(f"{name} returned {_shown(given)}{of_what} for {len(asked)} {asked.what}s; expected as many numbers")
    if values.shape == (len(asked), 1):
        values = values[:, 0]
    if values.shape != (len(asked),):
        raise Wrong(f"{name} returned an array of shape {_shape(values.shape)}{of_what} for {len(asked)} {asked.what}s; expected ({len(asked)},)")
    values = values.astype(np.float64)
    for i in np.flatnonzero(~np.isfinite(values))[:1]:
        raise Wrong(f"{name} gave {values[i]}{of_what} for {asked.one(int(i))}", "A score is a finite number. Have weights diverged, or is something divided by 0?")
    return [float(v) for v in values]


def scores(component: Reward) -> Callable[[Any, Asked], List[Any]]:
    """Pairs of a score and its parts, in the order of the class's list."""
    def check(given: Any, asked: Asked) -> List[Any]:
        parts = list(component.parts)
        if not parts:
            if isinstance(given, dict):
                raise Wrong(f"{type(component).__name__}.score returned a dict with {sorted(given)}, and its parts are empty",
                            f"List them in the class: parts = {sorted(set(given) - {'score'})}")
            return [(s, []) for s in numbers(component, "score", given, asked)]
        if not isinstance(given, dict) or set(given) != {"score", *parts}:
            found = f"a dict with {sorted(given)}" if isinstance(given, dict) else _shown(given)
            raise Wrong(f"{type(component).__name__}.score returned {found}; expected a dict with {['score', *parts]}")
        columns = [numbers(component, "score", given[p], asked, p) for p in parts]
        return list(zip(numbers(component, "score", given["score"], asked, "score"), zip(*columns)))
    return check


def vectors(component: Component, method: str) -> Callable[[Any, Asked], List[Any]]:
    """A row of float32 an item."""
    import numpy as np

    def check(given: Any, asked: Asked) -> List[Any]:
        name = f"{type(component).__name__}.{method}"
        try:
            values = array(given)
        except (TypeError, ValueError) as e:
            raise Wrong(f"{name} returned {_shown(given)}, which is no array of numbers: {e}") from e
        if values.dtype.kind not in "fiu" or values.ndim != 2 or len(values) != len(asked) or values.shape[1] == 0:
            raise Wrong(f"{name} returned an array of shape {_shape(values.shape)} for {len(asked)} {asked.what}s; expected ({len(asked)}, dimension) of numbers")
        values = np.ascontiguousarray(values, dtype=np.float32)
        for i in np.flatnonzero(~np.isfinite(values).all(axis=1))[:1]:
            raise Wrong(f"{name} gave {asked.one(int(i))} a vector with a number in it that is not finite")
        return list(values)
    return check


def words(component: Component, method: str, known: Tuple[str, ...]) -> Callable[[Any, Asked], List[Any]]:
    """A list of words an item, one a rater: as many for each."""
    def check(given: Any, asked: Asked) -> List[Any]:
        name = f"{type(component).__name__}.{method}"
        answers = given.tolist() if hasattr(given, "tolist") else given
        if isinstance(answers, (str, dict)) or not hasattr(answers, "__len__") or len(answers) != len(asked):
            raise Wrong(f"{name} returned {_shown(given)} for {len(asked)} {asked.what}s; expected an answer for each")
        rows = [[a] if isinstance(a, str) else a for a in answers]
        for i, row in enumerate(rows):
            if not isinstance(row, (list, tuple)) or not row or any(w not in known for w in row):
                raise Wrong(f"{name} gave {asked.one(i)} {_shown(answers[i])}; expected one of {', '.join(known)}, or a list of them, one a rater")
            if len(row) != len(rows[0]):
                raise Wrong(f"{name} gave {asked.one(i)} {len(row)} answers, and {asked.one(0)} {len(rows[0])}; raters do not change")
        return [list(row) for row in rows]
    return check


def images(component: Component, given: Any, asked: Asked) -> Iterator[Any]:
    """Images as they come, each a uint8 array [height, width, 3]."""
    name, count = f"{type(component).__name__}.sample", 0
    if not hasattr(given, "__iter__"):
        raise Wrong(f"{name} returned {_shown(given)}; expected an image for each of {len(asked)} prompts")
    for image in given:
        if count == len(asked):
            raise Wrong(f"{name} gave more images than the {len(asked)} that were asked for")
        yield _image(name, image, asked.one(count))
        count += 1
    if count < len(asked):
        raise Wrong(f"{name} gave {count} of {len(asked)} images; the first that is missing is {asked.one(count)}")


def _image(name: str, given: Any, about: str) -> Any:
    import numpy as np
    if hasattr(given, "convert") and hasattr(given, "getbands"):  # Pillow
        given = given.convert("RGB")
    values = array(given)
    if values.dtype != np.uint8 or values.ndim != 3 or values.shape[2] != 3 or 0 in values.shape:
        raise Wrong(f"{name} gave {about} an array of {values.dtype} of shape {_shape(values.shape)}; expected uint8 of shape (height, width, 3)",
                    "Numbers from 0 to 1 become pixels by: (255 * x).round().clip(0, 255).astype('uint8'). Channels come last.")
    return np.ascontiguousarray(values)


def facts(component: Component) -> Dict[str, float]:
    out = {str(k): float(v) for k, v in component.facts().items()}
    for name, value in out.items():
        if not math.isfinite(value):
            raise Wrong(f"{type(component).__name__}.facts has {value} for {name!r}; facts are finite numbers")
    return out


def _shape(shape: Tuple[int, ...]) -> str:
    return "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"


def _shown(given: Any) -> str:
    text = " ".join(repr(given).split())  # arrays come in lines
    return f"{type(given).__name__} {text[:60] + '...' if len(text) > 60 else text}"
