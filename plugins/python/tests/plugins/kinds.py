"""A component of each kind, small enough to compute by hand."""
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import plumb_plugin as plumb


class Redness(plumb.Reward):
    """Share of one channel in an image's light."""

    code_version = "3"
    batch = 4
    notice = "Of no use to anybody."
    channel: Annotated[Literal["red", "green", "blue"], "Channel that is looked at."] = "red"
    gain: Annotated[float, "Factor of the score.", plumb.Range(0.1, 10)] = 1

    def score(self, prompts, images):
        assert images.dtype == np.uint8 and images.ndim == 4 and len(prompts) == len(images) <= 4
        light = images.sum(axis=(1, 2), dtype=float)
        mine = light[:, ["red", "green", "blue"].index(self.channel)]
        return self.gain * mine / light.sum(axis=1).clip(1)


class Terms(plumb.Reward):
    """A score with its terms."""

    code_version = "1"
    parts = ("red", "prompt_length", "of_colour")

    def score(self, prompts, images, categories, slots, ids):
        assert len(ids) == len(prompts) == len(images)
        red = images[:, 0, 0, 0].astype(float)
        length = [float(len(p)) for p in prompts]
        known = [c == "colour" and s.get("color") == "red" for c, s in zip(categories, slots)]
        return {"score": red + length, "red": red, "prompt_length": length, "of_colour": known}


class OnVectors(plumb.Reward):
    """The cosine of what an encoder made."""

    code_version = "1"

    def score(self, image_vectors, text_vectors):
        return (image_vectors * text_vectors).sum(axis=1)

    def fit(self, request):
        labels = list(plumb.table.labels(request.sets[0].labels))
        for step in range(3):
            plumb.progress(step + 1, 3, loss=1 / (step + 1))
        good = sum(label.label == "good" for label in labels)
        (request.output / "config.json").write_text('{"good": %d}' % good)

    def fit_texts(self, request):
        return ["a", "b", "a"]


class Two(plumb.Rater):
    """Two raters: one likes red, one likes what is bright."""

    code_version = "1"

    def load(self):
        plumb.busy("people are being found")
        plumb.progress(1, 2, found=1)
        self.threshold = 100 + self.seed

    def facts(self):
        return {"threshold": self.threshold}

    def rate(self, prompts, images):
        return [["good" if i[0, 0, 0] > self.threshold else "bad", "good" if i.mean() > 100 else "skip"] for i in images]

    def compare(self, prompts, first, second):
        return [["first" if a.mean() > b.mean() else "second" if b.mean() > a.mean() else "tie", "tie"] for a, b in zip(first, second)]


class Mean(plumb.Encoder):
    """The mean colour."""

    code_version = "1"

    def encode_images(self, images):
        return images.mean(axis=(1, 2))

    def encode_texts(self, texts):
        return [[len(t), t.count("e"), 1] for t in texts]


class Learning(plumb.Sampler):
    """Draws a plain colour."""

    code_version = "1"
    batch = 2
    size: Annotated[int, "Height and width.", plumb.Range(1, 64)] = 8
    weights: Annotated[Path | None, "Nothing is read of it."] = None
    losses = (plumb.Loss("plain", needs=("images",), summary="The obvious one."),)

    def sample(self, prompts, seeds):
        for text, seed in zip(prompts, seeds):
            yield np.full((self.size, self.size, 3), (seed % 256, len(text), 0), np.uint8)

    def tune(self, request):
        assert request.losses[0].name == "plain" and request.losses[0].weight == 0.5, request
        for step in range(request.steps):
            plumb.progress(step + 1, request.steps, loss=0.5)
        (request.output / "config.json").write_text("{}")

    def check_prompts(self, prompts):
        return [plumb.Fault(i, 'does not know the word "unicorn"', "unicorn") for i, p in enumerate(prompts) if "unicorn" in p]

    def vocabulary(self):
        return ["ring", "disc"]


if __name__ == "__main__":
    plumb.main(Redness, Terms, OnVectors, Two, Mean, Learning, version="1.2.3")
