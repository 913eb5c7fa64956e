"""The load: wrk with one thread, which posts prepared bodies one after another (wrk.lua)."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

SCRIPT = Path(__file__).with_name("wrk.lua")
# No answer takes so long that it is given up.
TIMEOUT = "60s"


def version() -> str:
    """Return wrk's version, or end with how to install it."""
    program = shutil.which("wrk")
    if not program:
        raise SystemExit("wrk is missing, and nothing is measured: apt-get update && apt-get install wrk")
    # It tells its version beside its usage, and that with status 1.
    said = subprocess.run([program, "-v"], check=False, capture_output=True, text=True).stdout
    return " ".join(said.split()[:2])


def prepare(file: Path, bodies: Iterable[bytes]) -> float:
    """Write bodies as wrk.lua reads them; returns their mean size."""
    sizes = []
    with file.open("wb") as written:
        for body in bodies:
            sizes.append(len(body))
            written.write(b"%d\n" % len(body) + body)
    return sum(sizes) / len(sizes)


def command(url: str, file: Path, kind: str, connections: int, seconds: float) -> list[str]:
    """Return the command of one measurement."""
    load = [f"-t1 -c{connections}", f"-d{seconds:g}s", f"--timeout {TIMEOUT}"]
    return ["wrk", *shlex.split(" ".join(load)), "-s", str(SCRIPT), url, "--", str(file), kind]


def run(url: str, file: Path, kind: str, connections: int, seconds: float) -> dict[str, Any]:
    """Put a server under load; returns what wrk.lua tells."""
    asked = command(url, file, kind, connections, seconds)
    done = subprocess.run(asked, check=True, capture_output=True, text=True)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told
