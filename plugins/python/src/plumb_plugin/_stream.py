"""A stream of answers: heartbeats whatever the author's process does, then Done or Failure."""

import queue
import sys
import threading
import time
from typing import Any, Callable, Dict, Iterator, Mapping, Optional, Sequence, Set, Tuple

from plumb_plugin._author import Author
from plumb_plugin._wire import message

BEAT = 2.0  # seconds between heartbeats
WARNINGS = 1000  # of a call, each different


class Failed(Exception):
    """What the user is to be told."""

    def __init__(self, summary: str, detail: str = "") -> None:
        super().__init__(summary)
        self.summary, self.detail = summary, detail


class Gone(Exception):
    """Nobody listens any more."""


class Stream:
    """One call. work runs on a thread of its own and sends; run yields what gRPC sends."""

    def __init__(self, author: Author, context: Any, response: Any, stopped: threading.Event) -> None:
        self.author, self.response, self.stopped = author, response, stopped
        self.gone = threading.Event()
        self.out: "queue.Queue[Any]" = queue.Queue(256)
        self.busy = ""
        self.warned: Set[str] = set()
        if not context.add_callback(self.gone.set):
            self.gone.set()  # it has ended already

    def send(self, answer: Any) -> None:
        while not self.gone.is_set():
            try:
                return self.out.put(answer, timeout=0.5)
            except queue.Full:
                continue
        raise Gone

    def signal(self, **kind: Any) -> Any:
        return self.response(signal=message("Signal")(**kind))

    def heartbeat(self, warnings: Sequence[str] = ()) -> Any:
        return self.signal(heartbeat=message("Heartbeat")(busy=self.busy, warnings=warnings))

    def ask(self, head: Dict[str, Any], payload: Sequence[Any] = (),
            hear: Mapping[str, Callable[[Dict[str, Any], Any], None]] = {}) -> Tuple[Dict[str, Any], Any]:
        """Has the author's process do something, passes on what it says meanwhile, and returns the answer."""
        if self.stopped.is_set():
            raise Failed("the plugin is stopping")
        job = self.author.begin(head, payload)
        try:
            while True:
                try:
                    event, data = job.events.get(timeout=0.1)
                except queue.Empty:
                    if self.gone.is_set():
                        raise Gone from None
                    if self.stopped.is_set():
                        raise Failed("the plugin is stopping") from None
                    continue
                if "end" in event or "cancelled" in event:
                    break
                self.pass_on(event, data, hear)
        except BaseException:
            self.author.cancel(job)
            raise
        self.busy = ""
        if "failure" in event:
            raise Failed(**event["failure"])
        if "cancelled" in event:
            raise Failed("the plugin is stopping") if self.stopped.is_set() else Gone
        return event, data

    def pass_on(self, event: Dict[str, Any], data: Any, hear: Mapping[str, Callable[[Dict[str, Any], Any], None]]) -> None:
        what = event["event"]
        if what == "warn":
            text = event["text"]
            if text not in self.warned and len(self.warned) <= WARNINGS:
                self.warned.add(text)
                self.send(self.heartbeat([text if len(self.warned) <= WARNINGS else "There are more warnings than a call may have; the log has them."]))
            if len(self.warned) > WARNINGS:
                print(text, file=sys.stderr, flush=True)
        elif what == "busy":
            self.busy = event["text"]
            self.send(self.heartbeat())
        elif what == "progress":
            if "progress" in self.response.DESCRIPTOR.fields_by_name:
                self.send(self.response(progress=message("Progress")(step=event["step"], steps=event["steps"], values=event["values"])))
        else:
            hear[what](event, data)

    def run(self, work: Callable[["Stream"], None]) -> Iterator[Any]:
        threading.Thread(target=self._work, args=(work,), daemon=True).start()
        due = time.monotonic() + BEAT
        while True:
            try:
                answer: Optional[Any] = self.out.get(timeout=max(due - time.monotonic(), 0))
            except queue.Empty:
                answer, due = self.heartbeat(), time.monotonic() + BEAT
            if answer is None:
                return
            yield answer

    def _work(self, work: Callable[["Stream"], None]) -> None:
        diagnostic = message("Diagnostic")
        try:
            try:
                work(self)
                end = self.signal(done=message("Done")())
            except Failed as e:
                end = self.signal(failure=message("Failure")(diagnostics=[diagnostic(severity=1, summary=e.summary, detail=e.detail)]))
            except Gone:
                raise
            except Exception as e:
                if self.gone.is_set():
                    return
                said = f"plumb_plugin cannot go on: {type(e).__name__}: {e}"[:1000]
                end = self.signal(failure=message("Failure")(diagnostics=[diagnostic(severity=1, summary=said)]))
            self.send(end)
            self.send(None)
        except Gone:
            pass
