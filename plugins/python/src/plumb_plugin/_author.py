"""The author's process, as the front sees it: it does one thing after the other."""

import itertools
import queue
import threading
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from plumb_plugin._pipe import Pipe

Event = Tuple[Dict[str, Any], Any]  # an object and bytes


class Job:
    """Something that the author's process is to do."""

    def __init__(self, number: int, head: Dict[str, Any], payload: Sequence[Any]) -> None:
        self.number, self.head, self.payload = number, head, payload
        self.events: "queue.SimpleQueue[Event]" = queue.SimpleQueue()  # in order, the end last
        self.ended = threading.Event()
        self.answer: Optional[Dict[str, Any]] = None  # the end's object
        self.cancelled = False


class Author:
    """Hands jobs over, in the order in which they came, and what comes back to whom it belongs."""

    def __init__(self, pipe: Pipe, lost: Callable[[], None]) -> None:
        self.pipe, self.lost = pipe, lost
        self.ready = threading.Event()  # hello is there
        self.hello: Dict[str, Any] = {}
        self.numbers = itertools.count(1)
        self.jobs: "queue.SimpleQueue[Job]" = queue.SimpleQueue()
        self.lock = threading.Lock()
        self.current: Optional[Job] = None
        self.waiting = 0  # jobs that have not ended
        threading.Thread(target=self._receive, daemon=True).start()
        threading.Thread(target=self._hand_over, daemon=True).start()

    def components(self) -> List[Dict[str, Any]]:
        """What the plugin provides; waits for its imports."""
        self.ready.wait()
        out: List[Dict[str, Any]] = self.hello.get("components", [])
        return out

    def begin(self, head: Dict[str, Any], payload: Sequence[Any] = ()) -> Job:
        job = Job(next(self.numbers), head, payload)
        with self.lock:
            self.waiting += 1
        self.jobs.put(job)
        return job

    def cancel(self, job: Job) -> None:
        """Nobody waits for the job any more: it ends as soon as the author's code lets go."""
        with self.lock:
            job.cancelled = True
            if self.current is not job:
                return  # it will not begin
        try:
            self.pipe.send({"op": "cancel", "call": job.number})
        except OSError:
            pass

    def cancel_all(self) -> None:
        with self.lock:
            current = self.current
        if current is not None:
            self.cancel(current)

    def idle(self) -> bool:
        with self.lock:
            return self.waiting == 0 and self.ready.is_set()

    def exit(self) -> None:
        """Lets an idle process end by itself."""
        try:
            self.pipe.send({"op": "exit"})
        except OSError:
            pass

    def _hand_over(self) -> None:
        self.ready.wait()
        while True:
            job = self.jobs.get()
            with self.lock:
                self.current = None if job.cancelled else job
            if job.cancelled:
                self._end(job, {"cancelled": True}, b"")
                continue
            try:
                self.pipe.send({**job.head, "call": job.number}, job.payload)
            except OSError:
                return  # the receiver notices
            job.payload = ()
            job.ended.wait()

    def _receive(self) -> None:
        try:
            self.hello, _ = self.pipe.receive()
            self.ready.set()
            while True:
                head, payload = self.pipe.receive()
                with self.lock:
                    job = self.current
                if job is None or head["call"] != job.number:
                    continue  # a thread of the author's spoke after its call
                if "end" in head:
                    with self.lock:
                        self.current = None
                    self._end(job, head, payload)
                else:
                    job.events.put((head, payload))
        except (EOFError, OSError):
            self.lost()

    def _end(self, job: Job, head: Dict[str, Any], payload: Any) -> None:
        with self.lock:
            self.waiting -= 1
        job.answer = head
        job.events.put((head, payload))
        job.ended.set()
