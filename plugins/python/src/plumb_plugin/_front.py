"""The process that speaks with Plumb: gRPC, heartbeats, PNG. Nothing of the author's runs in it.

docs/plugin-protocol.md is what it keeps to.
"""

import json
import os
import sys

TOLD = json.loads(os.environ.pop("PLUMB_FRONT"))
_handshake = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # standard output is the handshake's alone
os.environ["GRPC_VERBOSITY"] = "NONE"  # its complaints about a host that is gone would be the plugin's last words
sys.path[:] = TOLD["path"]  # the libraries of the author's process, without what lies beside the author's files
_package = type(sys)("plumb_plugin")  # without its __init__
_package.__path__ = [os.path.dirname(os.path.abspath(__file__))]
sys.modules["plumb_plugin"] = _package

import signal
import socket
import threading
import time
from concurrent import futures

import grpc

from plumb_plugin import _environment
from plumb_plugin._author import Author
from plumb_plugin._pipe import Pipe
from plumb_plugin._services import Services

MOST = 256 << 20  # bytes of a message, in both directions
CALLS = 256  # streams at once: each has a thread of its own, and heartbeats must not wait for one


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the host's, which then ends us
    author = Author(Pipe(socket.socket(fileno=TOLD["socket"])), lost=lambda: leave(author, 0.3))
    threading.Thread(target=follow_host, args=(author,), daemon=True).start()
    threading.Thread(target=follow_author, args=(author,), daemon=True).start()
    services = Services(author, lambda: _environment.read(TOLD["path"]), lambda: leave(author))

    limits = [("grpc.max_receive_message_length", MOST), ("grpc.max_send_message_length", MOST)]
    server = grpc.server(futures.ThreadPoolExecutor(CALLS), options=limits)
    server.add_generic_rpc_handlers(tuple(services.handlers()))
    path = os.path.join(os.environ["PLUGIN_UNIX_SOCKET_DIR"], f"plumb-{os.getpid()}")  # no other user can enter it
    server.add_insecure_port("unix:" + path)
    server.start()
    with _handshake as out:
        out.write(f"1|1|unix|{path}|grpc\n")
    server.wait_for_termination()


def follow_host(author: Author) -> None:
    """The host holds the other end of standard input and never writes: its end is the host's, however that came."""
    while os.read(0, 4096):
        pass
    leave(author)


def follow_author(author: Author) -> None:
    """A child of the author's process may keep its socket open after its end; its number tells."""
    while os.getppid() == TOLD["process"]:
        time.sleep(0.5)
    leave(author, 0.3)


def leave(author: Author, after: float = 0) -> None:
    """Ends everything. The time is for the author's process to tell the host by itself how it ended."""
    time.sleep(after)
    folder = os.environ.get("PLUGIN_UNIX_SOCKET_DIR", "")
    try:
        for name in os.listdir(folder or os.devnull):
            os.remove(os.path.join(folder, name))
        os.rmdir(folder)  # the host made it, and may not be there any more
    except OSError:
        pass
    process = TOLD["process"]
    if os.getppid() == process and author.idle():
        author.exit()
        for _ in range(20):  # an idle interpreter ends by itself, with what it does at exit
            if os.getppid() != process:
                break
            time.sleep(0.05)
    if os.getpgrp() == process or "PLUMB_PLUGIN_TREE" in os.environ:
        os.killpg(0, signal.SIGKILL)  # this process, too: the group is the plugin's own, or that of uv, which started it
    if os.getppid() == process:
        os.kill(process, signal.SIGKILL)  # deep in a computation it would not notice
    os._exit(0)


if __name__ == "__main__":
    main()
