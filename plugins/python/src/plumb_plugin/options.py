"""Options of a component: annotated attributes of its class, checked by Plumb before they arrive."""

import dataclasses
import difflib
import json
import math
import pathlib
import types
import typing
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Type, Union

from . import call


@dataclasses.dataclass(frozen=True)
class Range:
    """Limits of a number, both allowed; None: no limit."""

    minimum: Optional[float] = None
    maximum: Optional[float] = None


@dataclasses.dataclass(frozen=True)
class Hub:
    """Lets a Path name a model on Hugging Face's hub (hf://owner/name), of which these files are
    read: "config.json" must be there, "?merges.txt" may be. The option is then a directory that
    holds these files alone."""

    files: Tuple[str, ...]

    def __init__(self, *files: str) -> None:
        object.__setattr__(self, "files", files)


@dataclasses.dataclass(frozen=True)
class Obtain:
    """Says, of a Path, where what belongs there comes from. Printed when nothing is there."""

    text: str


@dataclasses.dataclass(frozen=True)
class When:
    """The option is read only where another one, a Literal, has this value; elsewhere it is a mistake to give it."""

    attribute: str
    value: str


class Mistake(TypeError):
    """What is wrong with a component as its author wrote it."""


_scalars: Dict[Any, str] = {str: "string", float: "number", int: "integer", bool: "bool", pathlib.Path: "string"}
_lists: Dict[Any, str] = {str: "list(string)", float: "list(number)", int: "list(integer)"}
_kinds = "a str, float, int, bool, Path, Literal of texts, or a list of str, float or int, or one of these or None"


@dataclasses.dataclass(frozen=True)
class Option:
    """One option: what the language is told of it, and how its value is read."""

    name: str
    type: Any  # the annotation without Annotated and None
    attribute: Dict[str, Any]  # as in the description
    optional: bool  # None is a value

    def value(self, given: Any) -> Any:
        """The attribute's value of a JSON value."""
        if given is None:
            return None
        if typing.get_origin(self.type) is list:
            (element,) = typing.get_args(self.type)
            return [_scalar(element, v) for v in given]
        return _scalar(self.type, given)


def _scalar(kind: Any, given: Any) -> Any:
    if kind in (int, float):
        return kind(given)
    return pathlib.Path(given) if kind is pathlib.Path else given


def of(cls: Type[Any]) -> List[Option]:
    """The options of a dataclass, in the order of its fields."""
    try:
        hints = typing.get_type_hints(cls, include_extras=True)
    except NameError as e:
        raise Mistake(f"{cls.__name__}: an option's type is not known: {e}") from e
    return [_option(cls, field, hints[field.name]) for field in dataclasses.fields(cls)]


def _option(cls: Type[Any], field: "dataclasses.Field[Any]", hint: Any) -> Option:
    extras: Sequence[Any] = ()
    if typing.get_origin(hint) is typing.Annotated:
        hint, *extras = typing.get_args(hint)
    optional = False
    if typing.get_origin(hint) in (Union, types.UnionType):
        rest = [a for a in typing.get_args(hint) if a is not type(None)]
        optional = len(rest) < len(typing.get_args(hint))
        hint = rest[0] if len(rest) == 1 else hint

    where = f"{cls.__name__}.{field.name}"
    attribute: Dict[str, Any] = {"name": field.name, "summary": next((e for e in extras if isinstance(e, str)), "")}
    listed = typing.get_origin(hint) is list
    element = typing.get_args(hint)[0] if listed and typing.get_args(hint) else hint
    choices = typing.get_args(element) if typing.get_origin(element) is typing.Literal else ()
    if choices and all(isinstance(c, str) for c in choices):
        attribute.update(type="list(string)" if listed else "string", one_of=list(choices))
    elif listed and element in _lists:
        attribute["type"] = _lists[element]
    elif not listed and isinstance(hint, type) and hint in _scalars:
        attribute["type"] = _scalars[hint]
        if hint is pathlib.Path:
            attribute["path"] = True
    else:
        raise Mistake(f"{where}: an option is {_kinds}; not {hint}")

    for extra in extras:
        if isinstance(extra, Range):
            attribute.update({k: v for k, v in (("minimum", extra.minimum), ("maximum", extra.maximum)) if v is not None})
        elif isinstance(extra, Hub):
            attribute["hub"] = list(extra.files)
        elif isinstance(extra, Obtain):
            attribute["obtain"] = extra.text
        elif isinstance(extra, When):
            attribute["when"] = {"attribute": extra.attribute, "is": extra.value}
        elif not isinstance(extra, str):
            raise Mistake(f"{where}: {extra!r} says nothing of an option; it may be a text, Range, Hub, Obtain or When")

    default = field.default
    if field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
    if default is dataclasses.MISSING:
        if optional:
            raise Mistake(f"{where}: an option that may be None needs a default: = None")
        attribute["required"] = True
    elif default is not None:
        attribute["default"] = json.loads(json.dumps(default, default=str))
        wrong = _refuses(attribute, attribute["default"])
        if wrong:
            raise Mistake(f"{where}: its default {default!r} {wrong}")
    elif not optional:
        raise Mistake(f"{where}: its default is None; say so in its type: | None")
    return Option(field.name, hint, attribute, optional)


def _refuses(attribute: Mapping[str, Any], value: Any) -> str:
    """Why a JSON value does not fit; empty: it does."""
    kind = attribute["type"]
    if kind.startswith("list"):
        if not isinstance(value, list):
            return "is not a list"
        return next(filter(None, (_refuses({**attribute, "type": kind[5:-1]}, v) for v in value)), "")
    if kind == "string":
        if not isinstance(value, str):
            return "is not a text"
        choices = attribute.get("one_of", [])
        return f"is not one of {choices}" + meant(value, choices) if choices and value not in choices else ""
    if kind == "bool":
        return "" if isinstance(value, bool) else "is not a bool"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "is not a number"
    if not math.isfinite(value):
        return "is not finite"
    if kind == "integer" and value != int(value):
        return "is not an integer"
    if "minimum" in attribute and value < attribute["minimum"]:
        return f"is below {attribute['minimum']}"
    if "maximum" in attribute and value > attribute["maximum"]:
        return f"is above {attribute['maximum']}"
    return ""


def read(cls: Type[Any], given: Mapping[str, Any]) -> Any:
    """An instance of the class from what Plumb sent, with defaults filled in. Raises call.Error: Plumb has checked
    it by the same rules, but others may ask, too."""
    known = {o.name: o for o in of(cls)}
    for name, value in given.items():
        if name not in known:
            raise call.Error(f"{cls.__name__} has no option {name!r}{meant(name, known)}")
        wrong = "" if value is None and not known[name].attribute.get("required") else _refuses(known[name].attribute, value)
        if wrong:
            raise call.Error(f"{cls.__name__}: {name} = {json.dumps(value)} {wrong}")
    absent = [o.name for o in known.values() if o.attribute.get("required") and o.name not in given]
    if absent:
        raise call.Error(f"{cls.__name__} needs the option {absent[0]!r}")
    return cls(**{name: known[name].value(value) for name, value in given.items() if value is not None or known[name].optional})


def parse(cls: Type[Any], words: Sequence[str]) -> Dict[str, Any]:
    """JSON values of OPTION=VALUE as somebody typed them, checked as Plumb does. Raises ValueError."""
    known = {o.name: o for o in of(cls)}
    out: Dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise ValueError(f"{word!r} is not OPTION=VALUE")
        if name not in known:
            raise ValueError(f"there is no option {name!r}{meant(name, known)}; there are: {', '.join(known) or 'none'}")
        attribute, value = known[name].attribute, text  # type: Mapping[str, Any], Any
        if attribute["type"] != "string":
            try:
                value = json.loads(text)
            except ValueError:
                raise ValueError(f"{name}: {text!r} is not a {attribute['type']} in JSON") from None
        wrong = _refuses(attribute, value)
        if wrong:
            raise ValueError(f"{name}: {text!r} {wrong}")
        out[name] = value
    absent = [o.name for o in known.values() if o.attribute.get("required") and o.name not in out]
    if absent:
        raise ValueError(f"required and not given: {', '.join(absent)} (--set {absent[0]}=VALUE)")
    return out


def meant(word: str, known: Any) -> str:
    """A suggestion in place of an unknown word; empty: none is near."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
