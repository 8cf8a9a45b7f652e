"""Makes the virtual environment of an MLflow server for the tests:

    python3 environment.py DIRECTORY

It is kept, and made anew when this file or requirements.txt changes.
"""

import hashlib
import shutil
import subprocess
import sys
import venv
from pathlib import Path

REQUIREMENTS = Path(__file__).with_name("requirements.txt")


def make(directory):
    stamp = hashlib.sha256(Path(__file__).read_bytes() + REQUIREMENTS.read_bytes()).hexdigest()
    ready = directory / "ready"
    if ready.exists() and ready.read_text() == stamp:
        return
    shutil.rmtree(directory, ignore_errors=True)
    venv.create(directory, with_pip=True)
    python = str(directory / "bin" / "python")
    for words in (["-m", "pip", "install", "--quiet", "--no-deps", "-r", str(REQUIREMENTS)], ["-W", "ignore", "-c", "import mlflow.server.fastapi_app"]):
        subprocess.run([python, *words], check=True, capture_output=True, text=True)
    ready.write_text(stamp)


if __name__ == "__main__":
    try:
        make(Path(sys.argv[1]).resolve())
    except (subprocess.CalledProcessError, OSError) as failure:
        said = getattr(failure, "stderr", "") or ""
        sys.exit(f"{failure}\n{said[-2000:]}")
