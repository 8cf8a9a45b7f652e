"""Every call of every kind, over the wire."""

import json
import pathlib
import tempfile
import unittest

import numpy as np

from host import Failed, Plugin, image, item, plain, requests
from plumb_plugin._wire import message


class Kinds(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.plugin = Plugin("kinds")

    @classmethod
    def tearDownClass(cls):
        cls.plugin.__exit__()

    def test_describe(self):
        described = self.plugin.describe()
        self.assertEqual((described.name, described.version), ("kinds", "1.2.3"))
        components = {(c["kind"], c["name"]): c for c in map(json.loads, described.components_json)}
        self.assertEqual(sorted(components), [
            ("encoder", "mean"), ("rater", "two"), ("reward", "on_vectors"), ("reward", "redness"), ("reward", "terms"), ("sampler", "learning")])
        self.assertEqual(components["reward", "redness"], {
            "kind": "reward", "name": "redness", "summary": "Share of one channel in an image's light.", "code_version": "3", "preferred_batch": 4,
            "notice": "Of no use to anybody.", "schema": {"attributes": [
                {"name": "channel", "summary": "Channel that is looked at.", "type": "string", "one_of": ["red", "green", "blue"], "default": "red"},
                {"name": "gain", "summary": "Factor of the score.", "type": "number", "minimum": 0.1, "maximum": 10, "default": 1}]}})
        self.assertEqual(components["reward", "terms"]["parts"], ["red", "prompt_length", "of_colour"])
        self.assertEqual(components["reward", "on_vectors"]["reads"], ["image_features", "text_features"])
        self.assertEqual(components["reward", "on_vectors"]["capabilities"], ["fit", "fit_texts"])
        self.assertEqual(components["rater", "two"]["capabilities"], ["compare"])
        self.assertEqual(components["encoder", "mean"]["capabilities"], ["texts"])
        self.assertEqual(components["sampler", "learning"]["capabilities"], ["tune", "check_prompts"])
        self.assertEqual(components["sampler", "learning"]["losses"], [{"name": "plain", "summary": "The obvious one.", "needs": ["images"]}])
        self.assertRegex(described.environment["python"], r"^3\.\d+\.\d+")
        self.assertEqual(described.environment["numpy"], np.__version__)
        self.assertNotIn("pip", described.environment)

    def test_score(self):
        instance = self.plugin.open("reward", "redness", b'{"channel":"red","gain":2}')
        items = [item(0, plain(200, 100, 100)), item(1, plain(0, 10, 0), png=True), item(2, plain(0)), item(3, plain(1, 1, 0, size=(3, 7))), item(4, plain(255, 0, 0))]
        self.assertEqual(self.plugin.scores(instance, items), [1.0, 0.0, 0.0, 1.0, 2.0])
        self.assertEqual(self.plugin.scores(instance, []), [])
        self.plugin.close(instance)
        with self.assertRaisesRegex(Failed, "is not open"):
            self.plugin.scores(instance, items)

    def test_parts_and_what_comes_with_an_image(self):
        instance = self.plugin.open("reward", "terms")
        (answer,) = self.plugin.score(instance, [item(0, plain(7), text="four", slots={"color": "red"})])
        self.assertEqual((answer.score.score, dict(answer.score.parts)), (11, {"red": 7, "prompt_length": 4, "of_colour": 1}))

    def test_vectors_of_an_encoder(self):
        instance = self.plugin.open("reward", "on_vectors")
        self.assertEqual(self.plugin.scores(instance, [item(0, image_vector=[1, 2], text_vector=[3, 0.5]), item(1, image_vector=[0, 1], text_vector=[9, 4])]), [4, 4])
        with self.assertRaisesRegex(Failed, "vector of 1 numbers"):
            self.plugin.scores(instance, [item(0, image_vector=[1, 2], text_vector=[3, 0.5]), item(1, image_vector=[0], text_vector=[9])])

    def test_rate_and_compare(self):
        instance = self.plugin.open("rater", "two", seed=5)
        self.assertEqual(self.plugin.facts, {"threshold": 105})
        self.assertIn("people are being found", self.plugin.opened.busy)
        answers = {a.labels.position: list(a.labels.labels) for a in self.plugin.stream(
            "Rater", "Rate", requests("Rate", instance, [item(0, plain(106)), item(1, plain(105, 250, 250))]), "RateResponse")}
        self.assertEqual(answers, {0: [1, 3], 1: [2, 1]})

        def pairs():
            yield message("CompareRequest")(instance=instance)
            for i, (a, b) in enumerate([(plain(1), plain(2)), (plain(9), plain(2, size=(2, 2))), (plain(3), plain(3))]):
                yield message("CompareRequest")(first=message("PairFirst")(position=i, id=f"pair-{i}", first=image(a)))
                yield message("CompareRequest")(second=image(b, png=True))
        answers = {a.choices.position: list(a.choices.choices) for a in self.plugin.stream("Rater", "Compare", pairs(), "CompareResponse")}
        self.assertEqual(answers, {0: [2, 3], 1: [1, 3], 2: [3, 3]})

    def test_encode(self):
        instance = self.plugin.open("encoder", "mean")
        answers = {a.vector.position: list(a.vector.values) for a in self.plugin.stream(
            "Encoder", "EncodeImages", requests("EncodeImages", instance, [item(i, plain(i, 2 * i, 1)) for i in range(40)]), "EncodeImagesResponse")}
        self.assertEqual(answers, {i: [i, 2 * i, 1] for i in range(40)})

        def texts():
            yield message("EncodeTextsRequest")(instance=instance)
            for i, text in enumerate(["", "ring", "eine Öse"]):
                yield message("EncodeTextsRequest")(text=message("Text")(position=i, text=text))
        answers = {a.vector.position: list(a.vector.values) for a in self.plugin.stream("Encoder", "EncodeTexts", texts(), "EncodeTextsResponse")}
        self.assertEqual(answers, {0: [0, 0, 1], 1: [4, 0, 1], 2: [8, 3, 1]})

    def test_sample_and_tune(self):
        instance = self.plugin.open("sampler", "learning", b'{"size":5,"weights":null}')
        draws = [message("Draw")(prompt=message("Prompt")(text="x" * i), seed=2**64 - 1 - i) for i in range(5)]
        answers = {a.image.position: a.image.image for a in self.plugin.stream(
            "Sampler", "Sample", message("SampleRequest")(instance=instance, draws=draws), "SampleResponse")}
        self.assertEqual(sorted(answers), [0, 1, 2, 3, 4])
        for i, drawn in answers.items():
            self.assertEqual((drawn.encoding, drawn.width, drawn.height, drawn.data), (2, 5, 5, bytes([255 - i, i, 0]) * 25))
        with tempfile.TemporaryDirectory() as output:
            loss = message("TuneLoss")(name="plain", weight=0.5, options_json=b"{}", sets=[message("TuneSet")(images="images.parquet")])
            request = message("TuneRequest")(instance=instance, losses=[loss], steps=3, output=output, optimizer_json=b'{"learning_rate":1}')
            steps = [(a.progress.step, a.progress.steps, dict(a.progress.values)) for a in self.plugin.stream("Sampler", "Tune", request, "TuneResponse")]
            self.assertEqual(steps, [(i, 3, {"loss": 0.5}) for i in (1, 2, 3)])
            self.assertTrue((pathlib.Path(output) / "config.json").exists())

    def test_check_prompts(self):
        request = message("CheckPromptsRequest")(kind="sampler", component="learning", config_json=b'{"size":5}', prompts=[
            message("Prompt")(text="a ring"), message("Prompt")(text="a unicorn")])
        answers = [a.findings for a in self.plugin.stream("Plugin", "CheckPrompts", request, "CheckPromptsResponse")]
        faults = [(f.position, f.excerpt, f.reason, f.severity) for a in answers for f in a.faults]
        self.assertEqual(faults, [(1, "unicorn", 'does not know the word "unicorn"', 1)])
        self.assertEqual([w for a in answers for w in a.vocabulary], ["ring", "disc"])

    def test_fit(self):
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError:
            self.skipTest("pyarrow is not there")
        instance = self.plugin.open("reward", "on_vectors")
        with tempfile.TemporaryDirectory() as folder:
            labels = pathlib.Path(folder) / "labels.parquet"
            column = {c: ["x", "y", "z"] for c in ("image_id", "prompt", "category", "split", "rater")}
            pyarrow.parquet.write_table(pyarrow.table({**column, "label": ["good", "bad", "good"]}), labels)
            request = message("FitRequest")(instance=instance, sets=[message("FitSet")(images="i.parquet", labels=str(labels))], output=folder)
            call = self.plugin.stream("Trainer", "Fit", request, "FitResponse")
            self.assertEqual([(a.progress.step, dict(a.progress.values)) for a in call], [(1, {"loss": 1}), (2, {"loss": 0.5}), (3, {"loss": 1 / 3})])
            self.assertEqual((pathlib.Path(folder) / "config.json").read_text(), '{"good": 2}')
        request = message("FitRequest")(instance=instance, sets=[message("FitSet")(images="i.parquet")])
        texts = [t for a in self.plugin.stream("Trainer", "FitTexts", request, "FitTextsResponse") for t in a.texts.texts]
        self.assertEqual(texts, ["a", "b"])

    def test_calls_that_a_component_cannot_do(self):
        instance = self.plugin.open("encoder", "mean")
        with self.assertRaisesRegex(Failed, "encoder 'mean' cannot score images"):
            self.plugin.scores(instance, [])
        with self.assertRaisesRegex(Failed, "encoder 'mean' cannot be fitted"):
            list(self.plugin.stream("Trainer", "Fit", message("FitRequest")(instance=instance), "FitResponse"))
        with self.assertRaisesRegex(Failed, "The plugin has no reward 'mean'"):
            self.plugin.open("reward", "mean")


if __name__ == "__main__":
    unittest.main()
