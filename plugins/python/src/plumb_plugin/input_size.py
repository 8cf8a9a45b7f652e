"""The size that a component wants its images in."""

import dataclasses
from typing import Any, Dict, Optional

_filters = ("nearest", "box", "bilinear", "bicubic")
_aspects = ("squash", "crop")
_most = 4096


@dataclasses.dataclass(frozen=True)
class InputSize:
    """Plumb resizes images to width and height before it sends them, with the bytes of Pillow 9.4.

    height: as width, if it is not given. filter: "nearest", "box", "bilinear" or "bicubic". aspect: "crop" keeps an
    image's shape, so that it just covers width and height with its longer side rounded down, and cuts out the middle,
    as CLIP does; "squash" scales both sides by themselves. What fit reads from tables is as it is: resize is for that.
    """

    width: int
    height: Optional[int] = None
    filter: str = "bicubic"
    aspect: str = "crop"

    def mistake(self) -> str:
        """What is wrong with it; empty: nothing."""
        for side in (self.width, self.high):
            if not isinstance(side, int) or isinstance(side, bool) or not 1 <= side <= _most:
                return f"a side of {side!r} pixels; it is 1 to {_most}"
        for name, value, known in (("filter", self.filter, _filters), ("aspect", self.aspect, _aspects)):
            if value not in known:
                return f"the {name} {value!r}; it is one of {', '.join(known)}"
        return ""

    @property
    def high(self) -> int:
        return self.width if self.height is None else self.height

    def described(self) -> Dict[str, Any]:
        return {"width": self.width, "height": self.high, "filter": self.filter, "aspect": self.aspect}

    def resize(self, image: Any) -> Any:
        """An image of Pillow in this size, by the Pillow that is here."""
        from PIL import Image
        width, height = self.width, self.high
        method = {"nearest": Image.Resampling.NEAREST, "box": Image.Resampling.BOX,
                  "bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}[self.filter]
        if self.aspect == "squash":
            return image.resize((width, height), method)
        if width * image.height > height * image.width:
            whole = width, width * image.height // image.width
        else:
            whole = height * image.width // image.height, height
        left, top = (whole[0] - width) // 2, (whole[1] - height) // 2
        return image.resize(whole, method).crop((left, top, left + width, top + height))
