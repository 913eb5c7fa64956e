"""The environment of the peers that live on a directory: target/peers-venv, made when it is needed.

Their many dependencies stay away from that of the others. What is pinned is in requirements-services.txt.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
FOLDER = HERE.parent / "target" / "peers-venv"
WANTED = HERE / "requirements-services.txt"
# By the names under which they are measured.
PINNED = {
    name.removesuffix("-py"): version
    for name, version in re.findall(r"^(\S+)==(\S+)$", WANTED.read_text(encoding="utf-8"), re.MULTILINE)
    if name != "numpy"
}


def install() -> Path | None:
    """Make it; returns its Python, or None where that is not possible."""
    python = FOLDER / "bin" / "python"
    try:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", FOLDER], check=True)
        pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement")
        subprocess.run([python, *pip, WANTED], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"Chroma, LanceDB and Qdrant Edge are not measured: {error}", file=sys.stderr)
        return None
    return python
