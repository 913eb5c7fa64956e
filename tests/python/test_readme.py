"""The README's blocks run in order, as a reader would run them: the Python, then the service, then curl.

A block preceded by `<!-- skip: name: reason -->` is listed as skipped; one preceded by `<!-- run: server -->`
stays up for the blocks after it. The service gets a free port instead of the README's.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

README = Path(__file__).parents[2] / "README.md"
PORT = "3215"
BLOCK = re.compile(
    r"(?:<!-- (?P<mark>skip|run): (?P<why>[^>]*?) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)```\n", re.DOTALL
)


@dataclass(frozen=True)
class Block:
    """One fenced block of the README."""

    line: int
    language: str
    text: str
    mark: str
    why: str

    def __str__(self) -> str:
        """Name the test: `line-12-python`."""
        return f"line-{self.line}-{self.language}"


def blocks() -> list[Block]:
    """Read the README's Python and shell blocks, in order."""
    source = README.read_text(encoding="utf-8")
    found = [
        Block(
            source.count("\n", 0, match.start()) + 1,
            match["language"],
            match["text"],
            match["mark"] or "",
            match["why"] or "",
        )
        for match in BLOCK.finditer(source)
    ]
    return [block for block in found if block.language in {"python", "sh"}]


class Reader:
    """Somebody who types the blocks into one folder, one Python session and one shell."""

    def __init__(self, folder: Path, command: str) -> None:
        """Start in `folder`, with the folder of `command` first on PATH."""
        self.folder = folder
        self.session: dict[str, Any] = {"__name__": "readme"}
        self.servers: list[subprocess.Popen[bytes]] = []
        self.env = {**os.environ, "PATH": f"{Path(command).parent}{os.pathsep}{os.environ['PATH']}"}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    def shell(self, text: str) -> list[str]:
        """Return the command line for a shell block, on our port."""
        return ["sh", "-euc", text.replace(PORT, str(self.port))]

    def python(self, block: Block) -> None:
        """Run a Python block in the one session."""
        padding = "\n" * block.line
        text = padding + block.text.replace(PORT, str(self.port))
        exec(compile(text, str(README), "exec"), self.session)  # noqa: S102 - our own README

    def serve(self, block: Block) -> None:
        """Start a service and wait until it is ready."""
        text = f"exec {block.text.strip()} --bind 127.0.0.1:{PORT}"
        server = subprocess.Popen(self.shell(text), cwd=self.folder, env=self.env)
        self.servers.append(server)
        for _ in range(600):
            assert server.poll() is None, f"the service ended with status {server.returncode}"
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5).close()
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.05)
            else:
                return
        pytest.fail("the service was not ready within 30 s")

    def type(self, block: Block) -> None:
        """Run a shell block; curl must not be answered with an error."""
        if "curl" in block.text and shutil.which("curl") is None:
            pytest.skip("curl: not installed")
        text = block.text.replace("curl ", "curl --fail-with-body -sS ")
        run = subprocess.run(
            self.shell(text), cwd=self.folder, env=self.env, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stdout + run.stderr


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory, command: str) -> Iterator[Reader]:
    """Return the one reader of all blocks; whatever service is left is ended."""
    reader = Reader(tmp_path_factory.mktemp("readme"), command)
    yield reader
    for server in reader.servers:
        server.terminate()
        assert server.wait(30) == 0


@pytest.mark.parametrize("block", blocks(), ids=str)
def test_the_block_runs(block: Block, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(reader.folder)
    if block.mark == "skip":
        pytest.skip(block.why)
    elif block.mark == "run":
        reader.serve(block)
    elif block.language == "python":
        reader.python(block)
    else:
        reader.type(block)


def test_the_readme_shows_python_and_a_service() -> None:
    kinds = {(block.language, block.mark) for block in blocks()}
    assert {("python", ""), ("sh", "run"), ("sh", "")} <= kinds
