"""The services of plumb.plugin.v1, by what the author's process answers."""

import json
import threading
from typing import Any, Callable, Dict, Iterator, List, Optional

import grpc

from plumb_plugin._author import Author
from plumb_plugin._batches import Batch, read_ahead
from plumb_plugin._stream import Failed, Stream
from plumb_plugin._wire import message

DESCRIBE = 20  # seconds that Describe waits for the author's imports; the host gives it 30
ERROR, WARNING = 1, 2  # severities


class Services:
    """All services, of one author's process. environment is what Describe answers; leave ends the process."""

    def __init__(self, author: Author, environment: Callable[[], Dict[str, str]], leave: Callable[[], None]) -> None:
        self.author, self.leave = author, leave
        self.stopped = threading.Event()
        self.components: Dict[str, Dict[str, Any]] = {}  # of open instances
        self.environment: Dict[str, str] = {}
        self.examining = threading.Thread(target=lambda: self.environment.update(environment()), daemon=True)
        self.examining.start()  # beside the author's imports

    # Plugin

    def describe(self, request: Any, context: Any) -> Any:
        out = message("DescribeResponse")()
        if not self.author.ready.wait(DESCRIBE):
            out.diagnostics.add(severity=ERROR, summary=f"The plugin's file is still being imported after {DESCRIBE} s",
                                detail="Import heavy libraries in load(), not at the top of the file.")
            return out
        hello = self.author.hello
        if "failure" in hello:
            out.diagnostics.add(severity=ERROR, **hello["failure"])
            threading.Timer(0.5, self.leave).start()  # when the answer has been sent
            return out
        out.name, out.version = hello["name"], hello["version"]
        out.components_json.extend(json.dumps(c).encode() for c in hello["components"])
        self.examining.join()
        for name, version in self.environment.items():
            out.environment[name] = version
        return out

    def open(self, request: Any, context: Any) -> Iterator[Any]:
        response = message("OpenResponse")

        def work(stream: Stream) -> None:
            component = self.component(request.kind, request.component)
            answer, _ = stream.ask({
                "op": "open", "kind": request.kind, "component": request.component, "config": json.loads(request.config_json or b"{}"),
                "checkpoint": request.checkpoint, "seed": request.seed, "backend": request.backend, "device": request.device, "dtype": request.dtype,
            })
            self.components[answer["instance"]] = component
            stream.send(response(instance=answer["instance"], facts=answer["facts"]))

        return Stream(self.author, context, response, self.stopped).run(work)

    def check_prompts(self, request: Any, context: Any) -> Iterator[Any]:
        response, findings = message("CheckPromptsResponse"), message("PromptFindings")

        def work(stream: Stream) -> None:
            self.capable(self.component(request.kind, request.component), "check_prompts", "check prompts")
            answer, _ = stream.ask({
                "op": "check_prompts", "kind": request.kind, "component": request.component,
                "config": json.loads(request.config_json or b"{}"), "prompts": [prompt(p) for p in request.prompts],
            })
            for start in range(0, len(answer["faults"]), 4096):
                part = findings()
                for position, reason, excerpt, warning in answer["faults"][start:start + 4096]:
                    part.faults.add(position=position, reason=reason, excerpt=excerpt, severity=WARNING if warning else ERROR)
                stream.send(response(findings=part))
            if answer["vocabulary"]:
                stream.send(response(findings=findings(vocabulary=answer["vocabulary"])))

        return Stream(self.author, context, response, self.stopped).run(work)

    def close(self, request: Any, context: Any) -> Any:
        out = message("CloseResponse")()
        if self.components.pop(request.instance, None) is None:
            out.diagnostics.add(severity=ERROR, summary=f"Instance {request.instance!r} is not open")
            return out
        job = self.author.begin({"op": "close", "instance": request.instance})
        job.ended.wait(1)  # a model in the middle of a batch must not hold up whoever stops everything
        failed(job.answer, out)
        return out

    def stop(self, request: Any, context: Any) -> Any:
        self.stopped.set()
        self.author.cancel_all()
        job = self.author.begin({"op": "stop"})
        job.ended.wait(3)
        out = message("StopResponse")()
        failed(job.answer, out)
        return out

    def component(self, kind: str, name: str) -> Dict[str, Any]:
        for c in self.author.components():
            if (c["kind"], c["name"]) == (kind, name):
                return c
        raise Failed(f"The plugin has no {kind} {name!r}")

    def instance(self, instance: str, kind: str, what: str) -> Dict[str, Any]:
        component = self.components.get(instance)
        if component is None:
            raise Failed(f"Instance {instance!r} is not open")
        if component["kind"] != kind:
            raise Failed(f"{component['kind']} {component['name']!r} cannot {what}")
        return component

    def capable(self, component: Dict[str, Any], capability: str, what: str) -> None:
        if capability not in component.get("capabilities", []):
            raise Failed(f"{component['kind']} {component['name']!r} cannot {what}")

    # Reward, Rater, Encoder

    def score(self, requests: Any, context: Any) -> Iterator[Any]:
        response, score = message("ScoreResponse"), message("Score")

        def work(stream: Stream) -> None:
            instance = opening(requests)
            component = self.instance(instance, "reward", "score images")
            reads, parts = component.get("reads") or ["pixels"], component.get("parts", [])
            items = ((q.item, [q.item.image] if "pixels" in reads else []) for q in requests)
            for batch in read_ahead(items, component, stream.gone):
                ask = of_items(batch, "score", instance)
                if "image_features" in reads:
                    batch.add_vectors("image_vectors", "image_vector")
                if "text_features" in reads:
                    batch.add_vectors("text_vectors", "text_vector")
                answer, _ = stream.ask({**ask, "arrays": batch.arrays}, batch.payload)
                for item, (value, further) in zip(batch.items, answer["scores"]):
                    stream.send(response(score=score(position=item.position, score=value, parts=dict(zip(parts, further)))))

        return Stream(self.author, context, response, self.stopped).run(work)

    def rate(self, requests: Any, context: Any) -> Iterator[Any]:
        response, labels = message("RateResponse"), message("Labels")
        numbers = {"good": 1, "bad": 2, "skip": 3}

        def work(stream: Stream) -> None:
            instance = opening(requests)
            component = self.instance(instance, "rater", "rate images")
            for batch in read_ahead(((q.item, [q.item.image]) for q in requests), component, stream.gone):
                answer, _ = stream.ask({**of_items(batch, "rate", instance), "arrays": batch.arrays}, batch.payload)
                for item, words in zip(batch.items, answer["words"]):
                    stream.send(response(labels=labels(position=item.position, labels=[numbers[w] for w in words])))

        return Stream(self.author, context, response, self.stopped).run(work)

    def compare(self, requests: Any, context: Any) -> Iterator[Any]:
        response, choices = message("CompareResponse"), message("Choices")
        numbers = {"first": 1, "second": 2, "tie": 3}

        def pairs() -> Iterator[Any]:
            for q in requests:
                try:
                    second = next(requests).second
                except StopIteration:
                    raise Failed(f"The pair {q.first.id!r} came without its second image") from None
                yield q.first, [q.first.first, second]

        def work(stream: Stream) -> None:
            instance = opening(requests)
            component = self.instance(instance, "rater", "compare images")
            self.capable(component, "compare", "compare images")
            for batch in read_ahead(pairs(), component, stream.gone, ("first", "second")):
                answer, _ = stream.ask({**of_items(batch, "compare", instance), "arrays": batch.arrays}, batch.payload)
                for item, words in zip(batch.items, answer["words"]):
                    stream.send(response(choices=choices(position=item.position, choices=[numbers[w] for w in words])))

        return Stream(self.author, context, response, self.stopped).run(work)

    def encode_images(self, requests: Any, context: Any) -> Iterator[Any]:
        response = message("EncodeImagesResponse")

        def work(stream: Stream) -> None:
            instance = opening(requests)
            component = self.instance(instance, "encoder", "encode images")
            for batch in read_ahead(((q.item, [q.item.image]) for q in requests), component, stream.gone):
                self.vectors(stream, response, {**of_items(batch, "encode_images", instance), "arrays": batch.arrays}, batch)

        return Stream(self.author, context, response, self.stopped).run(work)

    def encode_texts(self, requests: Any, context: Any) -> Iterator[Any]:
        response = message("EncodeTextsResponse")

        def work(stream: Stream) -> None:
            instance = opening(requests)
            component = self.instance(instance, "encoder", "encode texts")
            self.capable(component, "texts", "encode texts")
            for batch in read_ahead(((q.text, []) for q in requests), component, stream.gone):
                texts = [t.text for t in batch.items]
                self.vectors(stream, response, {"op": "encode_texts", "instance": instance, "texts": texts, "ids": texts}, batch)

        return Stream(self.author, context, response, self.stopped).run(work)

    def vectors(self, stream: Stream, response: Any, ask: Dict[str, Any], batch: Batch) -> None:
        answer, rows = stream.ask(ask, batch.payload)
        vector, width = message("Vector"), 4 * answer["dimension"]
        for i, item in enumerate(batch.items):
            values = memoryview(rows)[i * width:(i + 1) * width].cast("f")
            stream.send(response(vector=vector(position=item.position, values=values)))

    # Sampler, Trainer

    def sample(self, request: Any, context: Any) -> Iterator[Any]:
        response, sampled = message("SampleResponse"), message("SampledImage")

        def work(stream: Stream) -> None:
            component = self.instance(request.instance, "sampler", "draw images")
            most = component["preferred_batch"]
            for start in range(0, len(request.draws), most):
                def image(event: Dict[str, Any], rgb: Any, start: int = start) -> None:
                    height, width = event["shape"]
                    one = message("Image")(encoding=2, width=width, height=height, data=bytes(rgb))
                    stream.send(response(image=sampled(position=start + event["position"], image=one)))

                draws = request.draws[start:start + most]
                stream.ask({"op": "sample", "instance": request.instance, "prompts": [prompt(d.prompt) for d in draws],
                            "seeds": [d.seed for d in draws]}, hear={"image": image})

        return Stream(self.author, context, response, self.stopped).run(work)

    def tune(self, request: Any, context: Any) -> Iterator[Any]:
        def told() -> Dict[str, Any]:
            return {
                "losses": [{
                    "name": l.name, "weight": l.weight, "options": json.loads(l.options_json or b"{}"),
                    "sets": [{k: getattr(s, k) for k in ("images", "precomputed", "scores", "labels", "comparisons")} for s in l.sets],
                } for l in request.losses],
                "steps": request.steps, "batch_size": request.batch_size, "optimizer": json.loads(request.optimizer_json or b"{}"),
                "options": json.loads(request.options_json or b"{}"), "seed": request.seed, "from_scratch": request.from_scratch,
                "reference": request.reference.checkpoint if request.HasField("reference") else None,
                "output": request.output, "scratch": request.scratch,
                "until": request.until, "state": request.state, "resume": request.resume,
            }
        return self.long(request, context, "TuneResponse", "tune", "be fine-tuned", told)

    def fit(self, request: Any, context: Any) -> Iterator[Any]:
        return self.long(request, context, "FitResponse", "fit", "be fitted", lambda: fit_request(request))

    def precompute(self, request: Any, context: Any) -> Iterator[Any]:
        return self.long(request, context, "PrecomputeResponse", "precompute", "precompute",
                         lambda: {k: getattr(request, k) for k in ("images", "seed", "output", "scratch")})

    def fit_texts(self, request: Any, context: Any) -> Iterator[Any]:
        response, texts = message("FitTextsResponse"), message("Texts")

        def work(stream: Stream) -> None:
            self.able(request.instance, "fit_texts", "list texts for its fit")
            answer, _ = stream.ask({"op": "fit_texts", "instance": request.instance, "request": fit_request(request)})
            for start in range(0, len(answer["texts"]), 256):
                stream.send(response(texts=texts(texts=answer["texts"][start:start + 256])))

        return Stream(self.author, context, response, self.stopped).run(work)

    def able(self, instance: str, capability: str, what: str) -> None:
        if instance not in self.components:
            raise Failed(f"Instance {instance!r} is not open")
        self.capable(self.components[instance], capability, what)

    def long(self, request: Any, context: Any, response: str, method: str, what: str, told: Callable[[], Dict[str, Any]]) -> Iterator[Any]:
        def work(stream: Stream) -> None:
            self.able(request.instance, method, what)
            stream.ask({"op": method, "instance": request.instance, "request": told()})

        return Stream(self.author, context, message(response), self.stopped).run(work)

    def handlers(self) -> List[Any]:
        """All methods, as gRPC takes them."""
        def text(m: Any) -> bytes:
            out: bytes = m.SerializeToString()
            return out

        def unary(method: Any, request: str) -> Any:
            return grpc.unary_unary_rpc_method_handler(method, message(request).FromString, text)

        def answers(method: Any, request: str) -> Any:
            return grpc.unary_stream_rpc_method_handler(method, message(request).FromString, text)

        def both(method: Any, request: str) -> Any:
            return grpc.stream_stream_rpc_method_handler(method, message(request).FromString, text)

        services = {
            "Plugin": {
                "Describe": unary(self.describe, "DescribeRequest"), "CheckPrompts": answers(self.check_prompts, "CheckPromptsRequest"),
                "Open": answers(self.open, "OpenRequest"), "Close": unary(self.close, "CloseRequest"), "Stop": unary(self.stop, "StopRequest"),
            },
            "Reward": {"Score": both(self.score, "ScoreRequest")},
            "Rater": {"Rate": both(self.rate, "RateRequest"), "Compare": both(self.compare, "CompareRequest")},
            "Encoder": {"EncodeImages": both(self.encode_images, "EncodeImagesRequest"), "EncodeTexts": both(self.encode_texts, "EncodeTextsRequest")},
            "Sampler": {"Sample": answers(self.sample, "SampleRequest"), "Tune": answers(self.tune, "TuneRequest")},
            "Trainer": {
                "Fit": answers(self.fit, "FitRequest"), "FitTexts": answers(self.fit_texts, "FitRequest"),
                "Precompute": answers(self.precompute, "PrecomputeRequest"),
            },
        }
        return [grpc.method_handlers_generic_handler("plumb.plugin.v1." + name, methods) for name, methods in services.items()]


def opening(requests: Iterator[Any]) -> str:
    """The instance that a stream begins with."""
    first = next(requests, None)
    if first is None or first.WhichOneof("body") != "instance":
        raise Failed("A stream of requests begins with the instance that it is for")
    return str(first.instance)


def of_items(batch: Batch, op: str, instance: str) -> Dict[str, Any]:
    return {"op": op, "instance": instance, "ids": [i.id for i in batch.items], "prompts": [prompt(i.prompt) for i in batch.items]}


def prompt(p: Any) -> List[Any]:
    return [p.text, p.category, dict(p.slots)]


def fit_request(r: Any) -> Dict[str, Any]:
    return {
        "sets": [{k: getattr(s, k) for k in ("images", "labels", "image_features")} for s in r.sets],
        "text_features": list(r.text_features), "seed": r.seed, "output": r.output, "scratch": r.scratch,
    }


def failed(answer: Optional[Dict[str, Any]], out: Any) -> None:
    if answer and "failure" in answer:
        out.diagnostics.add(severity=ERROR, **answer["failure"])
