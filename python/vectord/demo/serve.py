"""``vectord serve`` as a second process, for as long as a ``with`` block lasts.

It is started on port 0 and found by the address it announces, so it never meets another service.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ANNOUNCED = re.compile(r"https?://127\.0\.0\.1:[1-9]\d*")


@contextmanager
def serving(store: str, patience_seconds: float = 60) -> Iterator[str]:
    """Serve `store`; yields the URL, and ends the service by SIGTERM, which it must obey with status 0."""
    command = [sys.executable, "-m", "vectord", "serve", "--store", store, "--bind", "127.0.0.1:0"]
    with tempfile.TemporaryDirectory() as folder:
        # A file, not a pipe: nobody has to keep reading for the service to go on.
        said = Path(folder) / "said"
        with said.open("wb") as output:
            service = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            yield _address(service, said, patience_seconds)
            service.send_signal(signal.SIGTERM)
            if (status := service.wait(patience_seconds)) != 0:
                raise SystemExit(f"the service ended with status {status}:\n{said.read_text()}")
        finally:
            service.kill()
            service.wait()


def _address(service: subprocess.Popen[bytes], said: Path, patience_seconds: float) -> str:
    """Wait until the service has announced its address."""
    deadline = time.monotonic() + patience_seconds
    while time.monotonic() < deadline:
        ended = service.poll() is not None
        if found := ANNOUNCED.search(said.read_text()):
            return found.group()
        if ended:
            break
        time.sleep(0.05)
    raise SystemExit(f"the service announced no address:\n{said.read_text()}")
