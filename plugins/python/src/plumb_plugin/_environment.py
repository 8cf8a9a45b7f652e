"""What a plugin's answers depend on beside its own files: the interpreter and the packages beside it.

Every distribution in the environment counts, not only what has been imported: libraries import
others when they are there, mostly long after the plugin was described. A plugin with an environment
of its own, as PEP 723 and .venv give it, loses nothing by it.
"""

import hashlib
import json
import os
import platform
import re
import urllib.parse
import urllib.request
from typing import Dict, Iterable, Iterator, Tuple

# What installs packages has no part in any answer.
_installers = {"pip", "uv", "wheel"}
_information = re.compile(r"^(?P<name>.+?)-(?P<version>[^-]+)(-py[\d.]+)?\.(dist|egg)-info$")
# What an editable package's answers come from. Larger trees than this are somebody's home directory.
_code, _most = (".py", ".so", ".json", ".toml", ".yaml", ".txt"), 20_000


def read(path: Iterable[str]) -> Dict[str, str]:
    """Names and versions, "python" among them, of what a module search path leads to."""
    implementation = "" if platform.python_implementation() == "CPython" else platform.python_implementation() + " "
    found: Dict[str, str] = {"python": implementation + platform.python_version()}
    for folder in path:
        for name, version in _distributions(folder):
            if name not in _installers:
                found.setdefault(name, version)  # the first on the path is the one that is imported
    return dict(sorted(found.items()))


def _distributions(folder: str) -> Iterator[Tuple[str, str]]:
    try:
        entries = sorted(os.listdir(folder))
    except OSError:
        return
    for entry in entries:
        match = _information.match(entry)
        if match:
            name = re.sub(r"[-_.]+", "-", match["name"]).lower()
            yield name, match["version"] + _origin(os.path.join(folder, entry))


def _origin(information: str) -> str:
    """What tells builds of one version apart, of packages that come from no index."""
    try:
        with open(os.path.join(information, "direct_url.json"), encoding="utf-8") as f:
            origin = json.load(f)
    except (OSError, ValueError):
        return ""
    if origin.get("dir_info", {}).get("editable"):
        parsed = urllib.parse.urlparse(origin.get("url", ""))
        return "+" + _tree(urllib.request.url2pathname(parsed.path))
    try:  # it lists the digest of every file
        with open(os.path.join(information, "RECORD"), "rb") as record:
            lines = sorted(line for line in record if b".dist-info/" not in line and b".pyc" not in line and b"/bin/" not in line)
    except OSError:
        return ""
    return "+" + hashlib.sha256(b"".join(lines)).hexdigest()[:12]


def _tree(root: str) -> str:
    digest, count = hashlib.sha256(), 0
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in ("__pycache__", "node_modules", "venv"))
        for file in sorted(files):
            if not file.endswith(_code):
                continue
            count += 1
            if count > _most:
                return "large"  # the version alone then decides
            path = os.path.join(folder, file)
            digest.update(os.path.relpath(path, root).encode() + b"\0")
            try:
                with open(path, "rb") as f:
                    digest.update(hashlib.sha256(f.read()).digest())
            except OSError:
                continue
    return digest.hexdigest()[:12]
