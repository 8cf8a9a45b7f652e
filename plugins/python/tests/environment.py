"""Makes a virtual environment of pinned packages for the tests beside it:

    python3 environment.py DIRECTORY REQUIREMENTS [BELOW]

BELOW is an environment whose packages are there, too. It is kept, and made anew when this
file, the requirements or what is below change.
"""

import hashlib
import shutil
import subprocess
import sys
import venv
from pathlib import Path


def run(*command):
    subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True)


def make(directory, requirements, below=None):
    made_of = [Path(__file__), requirements] + ([below / "ready"] if below else [])
    stamp = hashlib.sha256(b"".join(f.read_bytes() for f in made_of)).hexdigest()
    ready = directory / "ready"
    if ready.exists() and ready.read_text() == stamp:
        return
    shutil.rmtree(directory, ignore_errors=True)
    venv.create(directory, with_pip=True)
    python = directory / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "--no-cache-dir", "--no-deps", "-r", requirements)
    if below:
        (site,), (packages,) = (d.glob("lib/python3*/site-packages") for d in (directory, below))
        (site / "below.pth").write_text(f"{packages}\n")
        run(python, "-c", "import grpc, open_clip, transformers, diffusers")
    else:
        run(python, "-m", "pip", "check")  # with all that its packages need
    ready.write_text(stamp)


if __name__ == "__main__":
    try:
        make(*(Path(a).resolve() for a in sys.argv[1:]))
    except (subprocess.CalledProcessError, OSError) as failure:
        said = getattr(failure, "stderr", "") or ""
        sys.exit(f"{failure}\n{said[-2000:]}")
