"""Frames on the socket between the author's process and the front: a JSON object and bytes."""

import json
import socket
import struct
import threading
from typing import Any, Dict, Iterable, Tuple

_lengths = struct.Struct("<IQ")  # of the object's text and of the bytes
Frame = Tuple[Dict[str, Any], bytearray]


class Pipe:
    """One end. Any thread may send, one receives."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.sending = threading.Lock()
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):  # the kernel cuts it to what it allows
            connection.setsockopt(socket.SOL_SOCKET, option, 4 << 20)

    def send(self, head: Dict[str, Any], payload: Iterable[Any] = ()) -> None:
        text = json.dumps(head, allow_nan=False).encode()
        parts = [memoryview(p).cast("B") for p in payload]
        with self.sending:
            self.connection.sendall(_lengths.pack(len(text), sum(map(len, parts))) + text)
            for part in parts:
                self.connection.sendall(part)

    def receive(self) -> Frame:
        """Raises EOFError when the other end is gone."""
        text, payload = _lengths.unpack(self._read(_lengths.size))
        return json.loads(self._read(text)), self._read(payload)

    def _read(self, length: int) -> bytearray:
        out = bytearray(length)
        view, at = memoryview(out), 0
        while at < length:
            try:
                got = self.connection.recv_into(view[at:])
            except ConnectionError:
                got = 0
            if not got:
                raise EOFError
            at += got
        return out
