"""A process that is told lines and answers with lines of JSON."""

from __future__ import annotations

import json
import subprocess
from typing import IO, TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Self


class Child:
    """A running process; leaving its `with` block kills it."""

    def __init__(self, *command: str | Path) -> None:
        """Start it."""
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.to, self.said = cast("IO[str]", self.process.stdin), cast("IO[str]", self.process.stdout)

    def tell(self, line: object) -> None:
        """Give it a line."""
        self.to.write(f"{line}\n")
        self.to.flush()

    def line(self) -> str:
        """Wait for its next line."""
        return self.said.readline()

    def hear(self) -> Any:  # noqa: ANN401 - whatever it says
        """Return what its next line means."""
        return json.loads(self.line())

    def ask(self, line: object) -> Any:  # noqa: ANN401 - whatever it says
        """Give it a line, and return the answer."""
        self.tell(line)
        return self.hear()

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Kill it."""
        self.process.kill()
        self.process.communicate()
