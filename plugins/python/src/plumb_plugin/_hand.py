"""What a plugin's file does when somebody runs it by hand: it prints the HCL that uses it, and tries a component."""

import argparse
import json
import os
import pathlib
import sys
from typing import Any, Dict, List, Sequence, Tuple, Type

from . import _answers, call, component, options
from .component import Component


def run(known: Dict[Tuple[str, str], Type[Component]], name: str, version: str, mistakes: Sequence[str]) -> None:
    for mistake in mistakes:
        print("error:", mistake, file=sys.stderr)
    if mistakes:
        sys.exit(1)
    file = os.path.basename(sys.argv[0])
    parser = argparse.ArgumentParser(
        prog=file, description=f"Plumb plugin {name!r}, version {version}. Plumb starts it by itself; by hand it prints the HCL that uses it, and tries a component.")
    parser.add_argument("images", nargs="*", help="images to score, label or encode")
    parser.add_argument("--prompt", action="append", help="the images' prompt; of a sampler and an encoder, several")
    parser.add_argument("--component", choices=[n for _, n in known], help="the component to try, if there are several")
    parser.add_argument("--set", action="append", default=[], metavar="OPTION=VALUE", help="an option of the component")
    parser.add_argument("--seed", type=int, default=0, help="of the component, and of the images that a sampler draws")
    parser.add_argument("--device", default="", help="cpu, cuda, cuda:1, mps")
    parser.add_argument("--dtype", default="", help="float32, bfloat16, float16")
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path("."), help="where a sampler's images go")
    given = parser.parse_args()
    chosen = [c for (_, n), c in known.items() if given.component in (None, n)]
    if not given.images and not given.prompt:
        print(hcl(chosen, name, file), end="")
        return
    if len(chosen) > 1:
        parser.error(f"--component says which: {', '.join(c.name for c in chosen)}")
    cls = chosen[0]
    try:
        one = options.read(cls, {o.name: o.attribute["default"] for o in options.of(cls) if "default" in o.attribute} | options.parse(cls, given.set))
    except (ValueError, call.Error) as e:
        parser.error(str(e))
    call.now.device, call.now.dtype = given.device, given.dtype
    setattr(one, "seed", given.seed)
    try:
        one.load()
        _try(one, given, parser)
    except call.Error as e:
        cause = f"\n{_answers.of(e.__cause__)}" if e.__cause__ else ""
        sys.exit(f"error: {e.summary}\n{e.detail}{cause}".rstrip())
    finally:
        one.close()


def _try(one: Any, given: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    import numpy as np
    from PIL import Image
    kind, prompts = one.kind, given.prompt or [""]
    if kind == "sampler":
        if given.images:
            parser.error("a sampler takes prompts, not images")
        seeds = [given.seed + i for i in range(len(prompts))]
        for i, (text, seed) in enumerate(zip(prompts, seeds)):
            asked = _answers.Asked("image", [f"seed {seed}"], [text])
            for image in _answers.images(one, one.sample(**_arguments(one, "sample", prompts=[text], seeds=[seed])), asked):
                path = given.output / f"{one.name}-{seed}.png"
                Image.fromarray(image).save(path)
                print(f"{path}  {text}")
        return
    if len(prompts) > 1 and kind != "encoder":
        parser.error("all images have one --prompt")
    if not given.images and kind != "encoder":
        parser.error(f"a {kind} looks at images: name some")
    rows: List[Any] = []
    for path in given.images:
        try:
            picture = Image.open(path).convert("RGB")
            pixels = np.array(one.input_size.resize(picture) if one.input_size else picture)[None]
        except OSError as e:
            parser.error(f"{path}: {e}")
        asked = _answers.Asked("image", [path], prompts[:1])
        arguments: Dict[str, Any] = {"prompts": prompts[:1], "images": pixels, "ids": [path]}
        if kind == "reward":
            (score, parts), = _answers.halving(one, "score", _arguments(one, "score", **arguments), asked, _answers.scores(one))
            print("\t".join([f"{score:.6g}", *(f"{n} {v:.6g}" for n, v in zip(one.parts, parts)), path]))
        elif kind == "rater":
            (words,) = _answers.halving(one, "rate", _arguments(one, "rate", **arguments), asked, _answers.words(one, "rate", ("good", "bad", "skip")))
            print("\t".join([*words, path]))
        else:
            rows += _answers.halving(one, "encode_images", {"images": pixels}, asked, _answers.vectors(one, "encode_images"))
    if kind != "encoder":
        return
    texts = given.prompt or []
    if texts and hasattr(one, "encode_texts"):
        columns = _answers.halving(one, "encode_texts", {"texts": texts}, _answers.Asked("text", texts, []), _answers.vectors(one, "encode_texts"))
    else:
        columns = []
    for what, vector in [*zip(given.images, rows), *zip(texts, columns)]:
        cosines = [f"{vector @ c / (np.linalg.norm(vector) * np.linalg.norm(c) or 1):.6g}" for c in columns]
        print("\t".join([f"[{len(vector)}]", *cosines, what]))


def _arguments(one: Component, method: str, **have: Any) -> Dict[str, Any]:
    have = {"categories": [""], "slots": [{}], **have}
    asked = component.wants(type(one), method)
    absent = [a for a in asked if a not in have]
    if absent:
        raise call.Error(f"{type(one).__name__} reads {', '.join(absent)}, which an experiment alone gives", "plumb plugin try has them, too.")
    return {a: have[a] for a in asked}


def hcl(classes: Sequence[Type[Component]], name: str, file: str) -> str:
    """The blocks that use the components, with every option."""
    out = [f'plugin "{name}" {{\n  source = {json.dumps(file)}\n}}\n']
    for cls in classes:
        described = options.of(cls)
        width = max([len(o.name) for o in described], default=0)
        lines = []
        for o in described:
            a = o.attribute
            value = json.dumps(a["default"]) if "default" in a else '"..."' if a["type"] == "string" else "null"
            notes = [a["summary"], "Required." if a.get("required") else "", f"One of {', '.join(a['one_of'])}." if "one_of" in a else "", _limits(a)]
            comment = " ".join(filter(None, notes))
            lines.append(f"  {'' if 'default' in a or a.get('required') else '# '}{o.name:{width}} = {value}" + (f"  # {comment}" if comment else ""))
        body = "\n" + "\n".join(lines) + "\n" if lines else ""
        summary = f"# {cls._summary}\n" if cls._summary else ""
        out.append(f'{summary}{cls.kind} "{cls.name}" "mine" {{{body}}}\n')
    return "\n".join(out)


def _limits(a: Dict[str, Any]) -> str:
    low, high = a.get("minimum"), a.get("maximum")
    if low is None and high is None:
        return ""
    return f"From {low} to {high}." if low is not None and high is not None else f"At least {low}." if high is None else f"At most {high}."
