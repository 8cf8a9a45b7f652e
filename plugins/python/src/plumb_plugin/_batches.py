"""Batches of items, received and decoded ahead of the author's process.

What is in a batch depends on the items and their order alone, never on time: the same items meet the
same batches, and so the same numbers, in every run.
"""

import array
import io
import os
import struct
import threading
from collections import deque
from concurrent import futures
from typing import Any, Deque, Dict, Iterable, Iterator, List, Sequence, Tuple

from plumb_plugin._stream import Failed

BYTES = 16 << 20  # of a batch's pixels: more are slower, and take twice their memory on the way
PENDING = 64 << 20  # of incomplete batches of different sizes
AHEAD = 32 << 20  # of pixels that are being decoded

PNG, RGB8 = 1, 2
_pool = futures.ThreadPoolExecutor(min(4, os.cpu_count() or 1))

Size = Tuple[int, int]  # height and width
Pixels = Tuple[Size, Any]


class Batch:
    """Items whose images are of one size."""

    def __init__(self, sizes: Sequence[Size]) -> None:
        self.sizes = sizes  # of an item's images
        self.items: List[Any] = []
        self.images: List[List[Any]] = [[] for _ in sizes]
        self.bytes = 0
        self.arrays: Dict[str, Any] = {}  # name: type, shape, offset in the payload
        self.payload: List[Any] = []
        self.written = 0

    def add(self, item: Any, images: Sequence[Pixels]) -> None:
        self.items.append(item)
        for column, (_, data) in zip(self.images, images):
            column.append(data)
            self.bytes += len(data)

    def full(self, most: int) -> bool:
        return len(self.items) >= most or self.bytes * (len(self.items) + 1) > BYTES * len(self.items)

    def lay_out(self, names: Sequence[str]) -> None:
        for name, (height, width), column in zip(names, self.sizes, self.images):
            self._add(name, "uint8", [len(column), height, width, 3], column)

    def add_vectors(self, name: str, field: str) -> None:
        """Vectors of the encoder under a reward."""
        rows = [array.array("f", getattr(i, field)) for i in self.items]
        for item, row in zip(self.items, rows):
            if not row or len(row) != len(rows[0]):
                raise Failed(f"Item {item.id!r} has a vector of {len(row)} numbers, and {self.items[0].id!r} one of {len(rows[0])}")
        self._add(name, "float32", [len(rows), len(rows[0])], rows)

    def _add(self, name: str, kind: str, shape: List[int], parts: List[Any]) -> None:
        gap = -self.written % 4
        if gap:  # numpy reads numbers where they are aligned
            self.payload.append(bytes(gap))
            self.written += gap
        self.arrays[name] = [kind, shape, self.written]
        self.payload += parts
        self.written += sum(memoryview(p).nbytes for p in parts)


def read_ahead(items: Iterable[Tuple[Any, Sequence[Any]]], component: Dict[str, Any], gone: threading.Event, names: Sequence[str] = ("images",)) -> Iterator[Batch]:
    """Batches of items with their images on the wire, for a component as it is described.

    No batch reaches over a multiple of `most` items: an answer depends on the items of its own window alone,
    and a call that begins at such a border gives what one from the start would have given.
    """
    most, wanted = component["preferred_batch"], component.get("input")
    pending: Dict[Tuple[Size, ...], Batch] = {}  # the oldest first
    for count, (item, images) in enumerate(_decoded(items, 2 * most + 2, gone), 1):
        sizes = tuple(size for size, _ in images)
        for height, width in sizes:
            if wanted and (width, height) != (wanted["width"], wanted["height"]):
                raise Failed(f"Item {item.id!r}: an image of {width} x {height} pixels; {component['kind']} {component['name']!r} says that it gets {wanted['width']} x {wanted['height']}")
        batch = pending.setdefault(sizes, Batch(sizes))
        batch.add(item, images)
        if batch.full(most):
            yield _done(pending.pop(sizes), names)
        while pending and (count % most == 0 or sum(b.bytes for b in pending.values()) > PENDING):
            yield _done(pending.pop(next(iter(pending))), names)
    for batch in pending.values():
        yield _done(batch, names)


def _done(batch: Batch, names: Sequence[str]) -> Batch:
    batch.lay_out(names)
    return batch


def _decoded(items: Iterable[Tuple[Any, Sequence[Any]]], most: int, gone: threading.Event) -> Iterator[Tuple[Any, List[Pixels]]]:
    """Items in their order, while the next are received and decoded."""
    turn = threading.Condition()
    line: Deque[Tuple[Any, int, List["futures.Future[Pixels]"]]] = deque()
    ahead, ended, failure = 0, False, None

    def receive() -> None:
        nonlocal ahead, ended, failure
        try:
            for item, images in items:
                size = sum(map(_size, images))
                decoding = [_pool.submit(decode, item.id, i) for i in images]
                with turn:
                    line.append((item, size, decoding))
                    ahead += size
                    turn.notify_all()
                    while (ahead > AHEAD or len(line) >= most) and line and not (gone.is_set() or ended):
                        turn.wait(0.5)
                    if gone.is_set() or ended:
                        return
        except BaseException as e:
            failure = e
        finally:
            with turn:
                ended = True
                turn.notify_all()

    threading.Thread(target=receive, daemon=True).start()
    try:
        while True:
            with turn:
                while not line and not ended:
                    turn.wait(0.5)
                if not line:
                    if failure is not None:
                        raise failure
                    return
                item, size, decoding = line.popleft()
                ahead -= size
                turn.notify_all()
            yield item, [d.result() for d in decoding]
    finally:
        with turn:
            ended = True
            turn.notify_all()


def _size(image: Any) -> int:
    """Bytes of an image's pixels, roughly, without decoding it."""
    if image.encoding == PNG and len(image.data) >= 24:
        width, height = struct.unpack(">II", image.data[16:24])
        return int(3 * width * height)
    return len(image.data)


def decode(about: str, image: Any) -> Pixels:
    """An image's size and pixels, three bytes each, row by row."""
    if image.encoding == RGB8:
        if not image.width or not image.height or len(image.data) != 3 * image.width * image.height:
            raise Failed(f"Item {about!r}: {image.width} x {image.height} pixels in {len(image.data)} bytes")
        return (image.height, image.width), image.data
    if image.encoding != PNG:
        raise Failed(f"Item {about!r}: an image has an encoding that this plugin does not know: {image.encoding}", "A newer plumb-plugin may know it.")
    from PIL import Image
    try:
        with Image.open(io.BytesIO(image.data), formats=["PNG"]) as opened:
            if opened.mode not in ("RGB", "L", "P", "RGBA", "LA", "1"):
                raise Failed(f"Item {about!r}: an image of mode {opened.mode!r}; Plumb sends 8 bits a channel")
            pixels = opened.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as e:
        raise Failed(f"Item {about!r}: its image cannot be read: {e}") from e
    return (pixels.height, pixels.width), pixels.tobytes()
