"""Makes the virtual environment that the tests beside diffusers, transformers, peft
and datasets run in:  python3 environment.py DIRECTORY

It is kept, and made anew when this file or requirements.txt changes.

torch's wheel is linked with NVIDIA's libraries, 4 GB that a processor has no use for.
In their place one small library is compiled that has their names and does nothing;
torch then finds no device, and computes on the processor.
"""

import collections
import hashlib
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).parent


def run(*command):
    return subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True).stdout


def symbols(library):
    """(kind, name, version) of all dynamic symbols of a library."""
    for line in run("nm", "-D", "--with-symbol-versions", library).splitlines():
        kind, name = line.split()[-2:]
        name, _, version = name.partition("@")
        yield kind, name, version.lstrip("@")


def stand_in(torch):
    """Compiles what has the names of the libraries that are not there."""
    libraries = [f for f in sorted(torch.glob("*.so*")) if not f.is_symlink()]
    needed = {n for f in libraries for n in re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "-dW", f))}
    system = dict(re.findall(r"^\s*(\S+) \(.*x86-64.*\) => (\S+)", run("ldconfig", "-p"), re.M))
    absent = sorted(n for n in needed - {f.name for f in libraries} if n not in system and not n.startswith("ld-linux"))
    if not absent:
        return
    have, want = set(), collections.defaultdict(set)  # names; by version
    for f in libraries + [system[n] for n in needed if n in system]:
        have |= {name for kind, name, _ in symbols(f) if kind not in "Uwv"}
    for f in libraries:
        for kind, name, version in symbols(f):
            if kind in "Uwv" and name not in have:
                want[version].add(name)
    source, versions = torch / "absent.c", torch / "absent.map"
    source.write_text("".join(f"void *{name}(void) {{ return 0; }}\n" for name in sorted(set().union(*want.values()))))
    versions.write_text("".join(f"{v} {{ {'; '.join(sorted(names))}; }};\n" for v, names in sorted(want.items()) if v))
    run("cc", "-shared", "-fPIC", "-w", "-fno-builtin", "-o", torch / "libabsent.so", source, f"-Wl,--version-script={versions}")
    for name in absent:
        (torch / name).symlink_to("libabsent.so")


def make(directory):
    stamp = hashlib.sha256(Path(__file__).read_bytes() + (HERE / "requirements.txt").read_bytes()).hexdigest()
    ready = directory / "ready"
    if ready.exists() and ready.read_text() == stamp:
        return
    shutil.rmtree(directory, ignore_errors=True)
    venv.create(directory, with_pip=True)
    python = directory / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "--no-cache-dir", "--no-deps", "-r", HERE / "requirements.txt")
    for torch in directory.glob("lib/python3*/site-packages/torch/lib"):
        stand_in(torch)
    run(python, "-c", "import torch, diffusers, transformers, peft, datasets, pandas, polars, duckdb; assert torch.ones(2).sum() == 2")
    ready.write_text(stamp)


if __name__ == "__main__":
    try:
        make(Path(os.path.abspath(sys.argv[1])))
    except (subprocess.CalledProcessError, OSError) as failure:
        said = getattr(failure, "stderr", "") or ""
        sys.exit(f"{failure}\n{said[-2000:]}")
