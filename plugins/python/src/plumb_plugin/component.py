"""Components: classes with annotated options, and a method for each thing that Plumb may ask of them."""

import dataclasses
import functools
import inspect
import pathlib
import re
import sys
from typing import Any, Callable, ClassVar, Dict, List, Mapping, Optional, Sequence, Tuple, Type, TypeVar

from . import options
from .input_size import InputSize
from .options import Mistake, meant

if sys.version_info >= (3, 11):
    from typing import dataclass_transform
else:
    _T = TypeVar("_T")

    def dataclass_transform(**_: Any) -> Callable[[_T], _T]:
        return lambda cls: cls


@dataclasses.dataclass(frozen=True)
class Fault:
    """Something in a prompt that a component cannot make sense of (check_prompts)."""

    prompt: int  # its position among the prompts
    reason: str  # goes on in a sentence that begins with the component: 'does not know the word "unicorn"'
    excerpt: str = ""  # what is wrong, as it stands in the prompt; empty: the whole of it
    warning: bool = False  # the prompt can be used all the same


@dataclasses.dataclass(frozen=True)
class FitSet:
    """A table of images and what is known of them; package table reads them."""

    images: pathlib.Path
    labels: Optional[pathlib.Path] = None
    image_features: Optional[pathlib.Path] = None


@dataclasses.dataclass(frozen=True)
class FitRequest:
    """What to learn from. Tables are read, never written."""

    sets: List[FitSet]
    text_features: List[pathlib.Path]  # of the prompts of all sets, and of what fit_texts listed
    seed: int
    output: pathlib.Path  # an empty directory for the checkpoint: config.json and *.safetensors; fit_texts has none yet
    scratch: pathlib.Path  # kept if the call is killed and asked again: unfinished state may live here


@dataclasses.dataclass(frozen=True)
class PrecomputeRequest:
    """A table of images to precompute."""

    images: pathlib.Path
    seed: int
    output: pathlib.Path  # an empty directory
    scratch: pathlib.Path  # as in FitRequest


@dataclasses.dataclass(frozen=True)
class Loss:
    """An objective that a sampler's tune can minimise.

    needs says what it is computed from: one of "images", "scores", "labels", "pairs", "own_images",
    and "reference" if it compares with the frozen model. options is a class with annotated attributes.
    """

    name: str
    needs: Tuple[str, ...]
    summary: str = ""
    options: Optional[Type[Any]] = None


@dataclasses.dataclass(frozen=True)
class TuneSet:
    """A table of images with what a loss needs to know of them."""

    images: pathlib.Path
    precomputed: Optional[pathlib.Path] = None
    scores: Optional[pathlib.Path] = None
    labels: Optional[pathlib.Path] = None
    comparisons: Optional[pathlib.Path] = None


@dataclasses.dataclass(frozen=True)
class TuneLoss:
    """One term of the objective."""

    name: str
    weight: float
    options: Any  # of the class that Loss.options names; None if it names none
    sets: List[TuneSet]


@dataclasses.dataclass(frozen=True)
class TuneReference:
    """The frozen model that losses compare the tuned one with."""

    checkpoint: Optional[pathlib.Path]  # None: the component's own weights


@dataclasses.dataclass(frozen=True)
class TuneRequest:
    """A fine-tuning job: a sum of losses over sets of images."""

    losses: List[TuneLoss]
    steps: int  # of the optimizer
    batch_size: int  # images per step and loss
    optimizer: Dict[str, Any]  # learning_rate, warmup_steps, schedule, weight_decay, beta1, beta2, epsilon, gradient_clip_norm, ema_decay
    options: Any  # of the class that Sampler.tuning names; None if it names none
    seed: int
    from_scratch: bool  # start from random weights
    reference: Optional[TuneReference]  # None: the model as its tuning begins
    output: pathlib.Path
    scratch: pathlib.Path
    # Of a sampler with tunes_in_parts; the same job in parts gives the same checkpoints as in one.
    until: int = 0  # stop after this step, as if the rest of steps were to come; 0: after the last
    state: Optional[pathlib.Path] = None  # an empty directory for all that the step after until takes
    resume: Optional[pathlib.Path] = None  # the state of a call for the same job that stopped earlier


# What a method may ask for, by the names of its parameters.
_of_prompts = ("prompts", "categories", "slots")
_asked: Dict[str, Tuple[str, ...]] = {
    "score": ("ids", *_of_prompts, "images", "image_vectors", "text_vectors"),
    "rate": ("ids", *_of_prompts, "images"),
    "compare": ("ids", *_of_prompts, "first", "second"),
    "encode_images": ("images",),
    "encode_texts": ("texts",),
    "sample": (*_of_prompts, "seeds"),
    "check_prompts": _of_prompts,
    "fit": ("request",),
    "fit_texts": ("request",),
    "precompute": ("request",),
    "tune": ("request",),
}
_readings = {"images": "pixels", "image_vectors": "image_features", "text_vectors": "text_features"}


@dataclass_transform(kw_only_default=True, eq_default=False)
class Component:
    """What the four kinds have in common.

    Annotated class attributes are options, the docstring's first line is the summary. The life of a component:

    1. Its class is described. Nothing is loaded.
    2. check_prompts, if it has one, sees the prompts of an experiment. Nothing is loaded.
    3. load reads weights. self.seed and self.checkpoint are set.
    4. The methods of its kind, one call after the other, always on the main thread.
    5. close, when nobody needs it any more.
    """

    kind: ClassVar[str]
    name: ClassVar[str] = ""  # in HCL; empty: the class's name in small letters
    code_version: ClassVar[str] = ""  # raise it when the same options give other answers than before
    batch: ClassVar[int] = 16  # images at once, at most; 16 MiB of pixels bound it, too
    input_size: ClassVar[Optional[InputSize]] = None  # that images are resized to before they are sent; None: as they are
    resizing: ClassVar[str] = ""  # how it brings images to its size where it does that itself, in words; reports repeat it
    needs_device: ClassVar[bool] = False  # not to be run beside other work on the same accelerator
    device_memory: ClassVar[int] = 0  # bytes of it that an instance takes, about; 0: not said
    notice: ClassVar[str] = ""  # what a report has to say of every result that it had a part in

    seed: ClassVar[int] = 0  # of the experiment, for what is random
    _summary: ClassVar[str] = ""
    checkpoint: ClassVar[Optional[pathlib.Path]] = None  # a directory that fit or tune wrote; None: the component's own weights

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        if not cls.__dict__.get("name"):
            cls.name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", cls.__name__).lower().strip("_")
        if "__init__" in cls.__dict__:
            raise Mistake(f"{cls.__name__} has an __init__; options are annotated attributes, and weights are read in load()")
        cls._summary = (inspect.cleandoc(cls.__dict__.get("__doc__") or "").splitlines() or [""])[0]
        for option, default in list(cls.__dict__.items()):
            if option in inspect.get_annotations(cls) and isinstance(default, list):  # of which every instance gets its own
                setattr(cls, option, dataclasses.field(default_factory=functools.partial(list, default)))
        dataclasses.dataclass(kw_only=True, eq=False)(cls)

    def load(self) -> None:
        """Reads weights and whatever else takes time or memory."""

    def facts(self) -> Mapping[str, float]:
        """Numbers about the instance that a report prints beside what it measured."""
        return {}

    def close(self) -> None:
        """Frees what load took."""

    def vocabulary(self) -> Sequence[str]:
        """Words that check_prompts knows, for suggestions in place of an unknown one."""
        return ()


class Reward(Component):
    """One number for an image and its prompt: higher is better.

    def score(self, prompts, images): list[str] and uint8 [n, height, width, 3] to n numbers, as a list or an array
    of numpy or PyTorch, [n] or [n, 1]. It may ask for more by name: ids, categories, slots, and the vectors of the
    encoder under the reward: image_vectors, text_vectors, float32 [n, dimension]. With parts it returns a dict
    of "score" and each part. What it answers for an image must not depend on the others of the batch.
    """

    kind = "reward"
    parts: ClassVar[Sequence[str]] = ()  # further numbers of every image, a column each beside the score

    def score(self, *arguments: Any, **named: Any) -> Any:
        raise NotImplementedError


class Rater(Component):
    """People who look at images, or stand-ins for them.

    def rate(self, prompts, images): a label for each image, "good", "bad" or "skip", or a list of labels, one a rater.
    def compare(self, prompts, first, second): for each pair "first", "second" or "tie", or a list of these; optional.
    """

    kind = "rater"

    def rate(self, *arguments: Any, **named: Any) -> Any:
        raise NotImplementedError


class Encoder(Component):
    """Images, and texts if it has encode_texts, to vectors.

    def encode_images(self, images): uint8 [n, height, width, 3] to numbers [n, dimension].
    def encode_texts(self, texts): list[str] to numbers [n, dimension]; optional.
    """

    kind = "encoder"

    def encode_images(self, *arguments: Any, **named: Any) -> Any:
        raise NotImplementedError


class Sampler(Component):
    """Images for prompts.

    def sample(self, prompts, seeds): list[str] and list[int] to an image each: uint8 arrays [height, width, 3] or
    images of Pillow; yielded one by one, or returned together. The same prompt and seed give the same image,
    whatever else is asked for.
    def tune(self, request): learns from TuneRequest and writes a checkpoint; optional, with losses.
    """

    kind = "sampler"
    batch = 4
    losses: ClassVar[Sequence[Loss]] = ()
    tuning: ClassVar[Optional[Type[Any]]] = None  # a class with annotated attributes: the component's own settings of tune
    tunes_in_parts: ClassVar[bool] = False  # tune heeds until, state and resume

    def sample(self, *arguments: Any, **named: Any) -> Any:
        raise NotImplementedError


_settings_of: Dict[str, Any] = {
    "name": str, "code_version": str, "batch": int, "input_size": InputSize, "resizing": str, "needs_device": bool, "device_memory": int, "notice": str, "parts": (list, tuple), "losses": (list, tuple), "tunes_in_parts": bool,
}
_minimum = {"reward": "score", "rater": "rate", "encoder": "encode_images", "sampler": "sample"}
_capabilities = {  # method to capability
    "reward": {"fit": "fit", "fit_texts": "fit_texts"},
    "rater": {"fit": "fit", "compare": "compare"},
    "encoder": {"fit": "fit", "encode_texts": "texts"},
    "sampler": {"tune": "tune", "precompute": "precompute"},
}


def wants(cls: Type[Component], method: str) -> List[str]:
    """The names of what a method asks for."""
    parameters = list(inspect.signature(getattr(cls, method)).parameters.values())[1:]
    known = _asked[method]
    for p in parameters:
        if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
            raise Mistake(f"{cls.__name__}.{method} must name what it asks for, some of: {', '.join(known)}")
        if p.name not in known and p.default is p.empty:
            raise Mistake(f"{cls.__name__}.{method} asks for {p.name!r}{meant(p.name, known)}; there are: {', '.join(known)}")
    return [p.name for p in parameters if p.name in known]


def _schema(described: Sequence[options.Option]) -> Dict[str, Any]:
    return {"attributes": [{k: v for k, v in o.attribute.items() if v != ""} for o in described]} if described else {}


def _settings(cls: Optional[Type[Any]]) -> Dict[str, Any]:
    return {} if cls is None else _schema(options.of(as_dataclass(cls)))


def _said(described: Dict[str, Any]) -> Dict[str, Any]:
    """A description without what says nothing."""
    return {name: value for name, value in described.items() if value or name in ("kind", "name")}


def as_dataclass(cls: Type[Any]) -> Type[Any]:
    """A class with annotated attributes as a dataclass."""
    return cls if "__dataclass_fields__" in cls.__dict__ else dataclasses.dataclass(kw_only=True)(cls)


def describe(cls: Type[Component]) -> Dict[str, Any]:
    """What Plumb is told of a component. Raises Mistake."""
    minimum = _minimum[cls.kind]
    if getattr(cls, minimum) is getattr(_kinds[cls.kind], minimum):
        raise Mistake(f"{cls.__name__} is a {cls.kind} without a method {minimum}")
    for base in cls.__mro__:
        if not issubclass(base, Component) and not dataclasses.is_dataclass(base) and inspect.get_annotations(base):
            raise Mistake(f"{cls.__name__} has options of {base.__name__}, which is neither a component nor a dataclass; make it a subclass of plumb_plugin.{_kinds[cls.kind].__name__}")
    taken = {n for base in _kinds.values() for n in dir(base) if not n.startswith("__")} | set(_asked)
    described = options.of(cls)
    for option in described:
        if option.name in taken:
            raise Mistake(f"{cls.__name__}.{option.name}: the name is taken and cannot be an option's; without a type it sets what Plumb is told")

    methods = _capabilities[cls.kind]
    for method in sorted(set(_asked) - {minimum, "check_prompts"} - set(methods)):
        if hasattr(cls, method):
            raise Mistake(f"{cls.__name__} is a {cls.kind} and has a method {method}, which Plumb never calls of one")
    asked = {m: wants(cls, m) for m in (minimum, *methods, "check_prompts") if hasattr(cls, m)}
    capabilities = [c for m, c in methods.items() if m in asked] + ["check_prompts"] * ("check_prompts" in asked)
    reads = [_readings[name] for name in asked[minimum] if name in _readings] if cls.kind == "reward" else []
    for setting, kind in _settings_of.items():
        value = getattr(cls, setting, None)
        if value is not None and (not isinstance(value, kind) or isinstance(value, bool) and kind is int):
            raise Mistake(f"{cls.__name__}.{setting} is {value!r}; it is {'of type ' + kind.__name__ if isinstance(kind, type) else 'a list'}")
    if cls.batch < 1 or cls.device_memory < 0:
        raise Mistake(f"{cls.__name__}.batch is at least 1, and device_memory at least 0")
    if cls.input_size is not None and cls.input_size.mistake():
        raise Mistake(f"{cls.__name__}.input_size has {cls.input_size.mistake()}")
    if cls.input_size is not None and (cls.kind == "sampler" or cls.kind == "reward" and "pixels" not in reads):
        raise Mistake(f"{cls.__name__}.input_size is given, and a {cls.kind} like this gets no images")
    if not re.fullmatch(r"[A-Za-z0-9_-]+", cls.name):
        raise Mistake(f"{cls.__name__}.name is {cls.name!r}; a name is of letters, digits, _ and -")
    out: Dict[str, Any] = {
        "kind": cls.kind,
        "name": cls.name,
        "summary": cls._summary,
        "schema": _schema(described),
        "reads": reads if reads != ["pixels"] else [],
        "input": cls.input_size and cls.input_size.described(),
        "resizing": cls.resizing,
        "preferred_batch": cls.batch,
        "needs_device": cls.needs_device,
        "device_memory": cls.device_memory,
        "code_version": cls.code_version,
        "notice": cls.notice,
        "capabilities": capabilities,
    }
    if issubclass(cls, Reward):
        out["parts"] = list(cls.parts)
        if "score" in cls.parts:
            raise Mistake(f"{cls.__name__}.parts has \"score\" in it; the score itself is no part")
    if issubclass(cls, Sampler):
        out["losses"] = [_said({"name": l.name, "summary": l.summary, "schema": _settings(l.options), "needs": list(l.needs)}) for l in cls.losses]
        out["tuning"] = _settings(cls.tuning)
        if "tune" not in asked and (cls.losses or cls.tuning):
            raise Mistake(f"{cls.__name__} lists losses or tuning and has no method tune")
        if cls.tunes_in_parts:
            if "tune" not in asked:
                raise Mistake(f"{cls.__name__}.tunes_in_parts is True, and there is no method tune")
            capabilities.append("tune_in_parts")
    return _said(out)


_kinds: Dict[str, Type[Component]] = {c.kind: c for c in (Reward, Rater, Encoder, Sampler)}
