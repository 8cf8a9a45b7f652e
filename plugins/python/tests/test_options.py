"""Options: what is described of an annotation, and what comes back of a value."""

import dataclasses
import json
import pathlib
import unittest
from typing import Annotated, List, Literal, Optional

from plumb_plugin import Error, Hub, Mistake, Obtain, Range, When, options


@dataclasses.dataclass(kw_only=True)
class Every:
    text: str = "x"
    needed: Annotated[int, "How many.", Range(1)]
    factor: float = 1
    flag: bool = False
    mode: Literal["a", "b"] = "a"
    where: Annotated[Optional[pathlib.Path], Hub("config.json", "?merges.txt"), Obtain("Ask us.")] = None
    words: List[str] = dataclasses.field(default_factory=lambda: ["p"])
    numbers: list[float] = dataclasses.field(default_factory=list)
    counts: list[int] = dataclasses.field(default_factory=list)
    of_a: Annotated[int | None, When("mode", "a")] = None
    several: list[Literal["l", "r"]] = dataclasses.field(default_factory=lambda: ["l"])


class Options(unittest.TestCase):
    def test_described(self):
        self.assertEqual([{k: v for k, v in o.attribute.items() if v != ""} for o in options.of(Every)], [
            {"name": "text", "type": "string", "default": "x"},
            {"name": "needed", "type": "integer", "summary": "How many.", "minimum": 1, "required": True},
            {"name": "factor", "type": "number", "default": 1},
            {"name": "flag", "type": "bool", "default": False},
            {"name": "mode", "type": "string", "one_of": ["a", "b"], "default": "a"},
            {"name": "where", "type": "string", "path": True, "hub": ["config.json", "?merges.txt"], "obtain": "Ask us."},
            {"name": "words", "type": "list(string)", "default": ["p"]},
            {"name": "numbers", "type": "list(number)", "default": []},
            {"name": "counts", "type": "list(integer)", "default": []},
            {"name": "of_a", "type": "integer", "when": {"attribute": "mode", "is": "a"}},
            {"name": "several", "type": "list(string)", "one_of": ["l", "r"], "default": ["l"]},
        ])

    def test_read(self):
        one = options.read(Every, {"text": "y", "needed": 3.0, "factor": 2, "where": "/a/b", "counts": [1.0, 2], "numbers": [1], "of_a": None})
        self.assertEqual(one, Every(text="y", needed=3, factor=2.0, where=pathlib.Path("/a/b"), counts=[1, 2], numbers=[1.0]))
        self.assertIs(type(one.needed), int)
        self.assertIs(type(one.factor), float)
        self.assertIs(type(one.counts[0]), int)

    def test_refused(self):
        for given, message in {
            '{"needed": 1, "facto": 2}': "Every has no option 'facto'; did you mean 'factor'",
            '{"needed": 0}': "Every: needed = 0 is below 1",
            '{"needed": null}': "Every: needed = null is not a number",
            '{"needed": 1, "mode": "c"}': r"Every: mode = \"c\" is not one of",
            '{"needed": 1, "counts": [1, "x"]}': "is not a number",
            '{"needed": 1, "counts": [1, 1.5]}': "is not an integer",
            "{}": "Every needs the option 'needed'",
        }.items():
            with self.assertRaisesRegex(Error, message):
                options.read(Every, json.loads(given))
        self.assertEqual(options.read(Every, {"needed": 1, "text": None}).text, "x")

    def test_parsed(self):
        self.assertEqual(options.parse(Every, ["needed=2", "text=2", "flag=true", 'words=["a"]']), {"needed": 2, "text": "2", "flag": True, "words": ["a"]})
        for words, message in {
            ("needed",): "'needed' is not OPTION=VALUE",
            ("neded=2",): "there is no option 'neded'; did you mean 'needed'?",
            ("needed=0",): "needed: '0' is below 1",
            ("needed=1.5",): "is not an integer",
            ("needed=1", "mode=c"): r"mode: 'c' is not one of \['a', 'b'\]",
            ("needed=1", "flag=yes"): "flag: 'yes' is not a bool in JSON",
            ("needed=1", "factor=NaN"): "is not finite",
            ("text=a",): "required and not given: needed",
        }.items():
            with self.assertRaisesRegex(ValueError, message):
                options.parse(Every, words)

    def test_mistakes(self):
        def of(annotation, *default):
            options.of(dataclasses.make_dataclass("X", [("x", annotation, *map(lambda d: dataclasses.field(default=d), default))], kw_only=True))
        for annotation, default, message in (
            (dict, (), "X.x: an option is a str"), (Literal[1, 2], (), "X.x: an option is a str"), (list, (), "X.x: an option is a str"),
            (int, (None,), r"say so in its type: \| None"), (Optional[int], (), "needs a default: = None"),
            (int, (1.5,), "its default 1.5 is not an integer"), (int, (True,), "is not a number"), (str, (1,), "is not a text"),
            (Annotated[int, Range(2, 3)], (4,), "is above 3"), (Annotated[int, 7], (4,), "7 says nothing of an option"),
            (float, (float("inf"),), "is not finite"), (int | str, (1,), "X.x: an option is a str"),
        ):
            with self.assertRaisesRegex(Mistake, message):
                of(annotation, *default)


if __name__ == "__main__":
    unittest.main()
