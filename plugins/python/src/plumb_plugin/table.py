"""Reads the Parquet tables that fit, precompute and tune are given. Needs pyarrow: plumb-plugin[tables].

docs/tables.md of Plumb specifies the columns. Tables are read as streams of rows, in the order of the file.
"""

import dataclasses
import io
import json
import os
from typing import Any, Dict, Iterator, List, Mapping, Tuple, Union

Where = Union[str, "os.PathLike[str]"]


@dataclasses.dataclass(frozen=True)
class Image:
    """A row of an images table."""

    image_id: str  # unique in the table
    prompt: str
    category: str
    split: str  # "seen" or "unseen"
    slots: Mapping[str, str]  # the words that filled the prompt's template
    index: int  # among the images of its prompt
    seed: int
    png: bytes  # the image's file

    def pixels(self) -> Any:
        """uint8 [height, width, 3]."""
        import numpy as np
        from PIL import Image as Pillow
        return np.asarray(Pillow.open(io.BytesIO(self.png)).convert("RGB"))


@dataclasses.dataclass(frozen=True)
class Label:
    """A row of a labels table: one rater's label of one image."""

    image_id: str
    prompt: str
    category: str
    split: str
    rater: str
    label: str  # "good", "bad" or "skip"


@dataclasses.dataclass(frozen=True)
class Comparison:
    """A row of a comparisons table: one rater's choice between two images of one prompt."""

    first: str  # an image's id
    second: str
    prompt: str
    category: str
    split: str
    rater: str
    choice: str  # "first" or "second", whichever is better, or "tie"


@dataclasses.dataclass(frozen=True)
class Score:
    """A row of a scores table."""

    image_id: str
    prompt: str
    category: str
    split: str
    score: float  # higher is better


def images(path: Where) -> Iterator[Image]:
    """The images of a table, which may be larger than memory."""
    for row in _rows(path, ["image_id", "image", "prompt", "category", "split", "slots", "index", "seed"]):
        file, slots = row.pop("image") or {}, row.pop("slots")
        if not file.get("bytes"):
            raise ValueError(f"{os.fspath(path)}: image {row['image_id']!r} has no bytes")
        yield Image(png=file["bytes"], slots=json.loads(slots) if slots else {}, **row)


def labels(path: Where) -> Iterator[Label]:
    return (Label(**row) for row in _rows(path, [f.name for f in dataclasses.fields(Label)]))


def comparisons(path: Where) -> Iterator[Comparison]:
    return (Comparison(**row) for row in _rows(path, [f.name for f in dataclasses.fields(Comparison)]))


def scores(path: Where) -> Iterator[Score]:
    return (Score(**row) for row in _rows(path, [f.name for f in dataclasses.fields(Score)]))


def features(path: Where) -> Tuple[List[str], Any]:
    """Ids of images and their vectors, float32 [images, dimension]."""
    return _vectors(path, "image_id")


def text_features(path: Where) -> Tuple[List[str], Any]:
    """Texts and their vectors, float32 [texts, dimension]."""
    return _vectors(path, "text")


def _vectors(path: Where, key: str) -> Tuple[List[str], Any]:
    import numpy as np
    names: List[str] = []
    vectors: List[Any] = []
    for row in _rows(path, [key, "vector"]):
        names.append(row[key])
        vectors.append(np.asarray(row["vector"], dtype=np.float32))
    return names, np.stack(vectors) if vectors else np.zeros((0, 0), np.float32)


def _rows(path: Where, columns: List[str]) -> Iterator[Dict[str, Any]]:
    try:
        import pyarrow.parquet as parquet
    except ImportError as e:
        raise ImportError("tables are read with pyarrow, which is not there: install plumb-plugin[tables]") from e
    with parquet.ParquetFile(os.fspath(path)) as file:
        absent = [c for c in columns if c not in file.schema_arrow.names]
        if absent:
            raise ValueError(f"{os.fspath(path)} has no column {absent[0]!r}; it has {', '.join(file.schema_arrow.names)}")
        for batch in file.iter_batches(batch_size=64, columns=columns):
            yield from batch.to_pylist()
