"""A server that runs while it is measured: its processes, their memory, and when they are at rest."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import Self

HOST = "127.0.0.1"
START_SECONDS, REST_SECONDS = 60.0, 120.0
JSON = "application/json"
MIB = 2**20


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as asked:
        asked.bind((HOST, 0))
        return int(asked.getsockname()[1])


class Running:
    """A server's processes, in a session of their own; leaving its `with` block kills them all."""

    def __init__(self, command: list[str], port: int, log: Path, environment: Mapping[str, str]) -> None:
        """Start it, and wait until it listens."""
        self.port, self.log, self.connection = port, log, http.client.HTTPConnection(HOST, port)
        with log.open("ab") as said:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env={**os.environ, **environment},
                start_new_session=True,
            )
        try:
            self.listening()
        except BaseException:
            self.end()
            raise

    def listening(self) -> None:
        """Wait until it takes connections."""
        latest = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < latest:
            with contextlib.suppress(OSError):
                socket.create_connection((HOST, self.port), 1).close()
                return
            time.sleep(0.05)
        said = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise RuntimeError(f"the server does not start: {said[-1] if said else self.process.poll()}")

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"{HOST}:{self.port}"

    def ask(self, method: str, path: str, body: bytes | None = None, kind: str = JSON) -> bytes:
        """Send one request; returns the body of the answer, which has to be a success."""
        self.connection.request(method, path, body, {"Content-Type": kind, "Accept": kind})
        response = self.connection.getresponse()
        told = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {told[:300].decode(errors='replace')}")
        return told

    def tell(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - whatever it says
        """Send one request of JSON, and read the answer."""
        told = self.ask(method, path, None if body is None else json.dumps(body).encode())
        return json.loads(told) if told else None

    def processes(self) -> list[int]:
        """List its processes: those of its session."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == self.process.pid:
                found.append(int(stat.parent.name))
        return found

    def memory(self) -> dict[str, float]:
        """Return the resident MiB of all its processes, and what of it is anonymous."""
        found = {"Rss": 0.0, "Anonymous": 0.0}
        for process in self.processes():
            text = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8")
            for name in found:
                kib = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
                found[name] += int(kib[1]) / 1024 if kib else 0
        return {"resident": found["Rss"], "anonymous": found["Anonymous"], "processes": len(self.processes())}

    def ticks(self) -> int:
        """Return the processor time that it has taken."""
        fields = (
            Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            for process in self.processes()
        )
        return sum(int(field[11]) + int(field[12]) for field in fields)

    def rest(self) -> None:
        """Wait until it is done with requests that nobody waits for any more."""
        latest = time.monotonic() + REST_SECONDS
        taken, now = -9, self.ticks()
        while now - taken > 2 and time.monotonic() < latest:
            time.sleep(0.2)
            taken, now = now, self.ticks()

    def end(self) -> None:
        """Kill its processes."""
        self.connection.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.end()
