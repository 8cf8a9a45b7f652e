"""A reward as others serve them: pickles with JPEG files over HTTP. For a benchmark to compare with, and for nothing else.

A request is a pickle of {"images": [JPEG, ...], "prompts": [text, ...]}, the answer one of {"scores": [number, ...]}.
Whoever can send it something can execute anything in it: so it is with pickles. It prints its port, and ends with
its standard input.
"""

import io
import os
import pickle
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from PIL import Image


def score(images, prompts):
    """The reward of tests/plugins/noop.py: the first value of each image."""
    return [float(image[0, 0, 0]) for image in images]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept

    def do_POST(self):
        asked = pickle.loads(self.rfile.read(int(self.headers["Content-Length"])))
        images = [np.asarray(Image.open(io.BytesIO(content)).convert("RGB")) for content in asked["images"]]
        answer = pickle.dumps({"scores": score(images, asked["prompts"])}, protocol=2)
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
os._exit(0)
