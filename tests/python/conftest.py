"""What every Python test shares: the installed wheel, stores of its own, the command, the list of skips."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    import vectord

ROOT = Path(__file__).parents[2]


def pytest_configure() -> None:
    """Refuse to test anything but an installed package: the source tree has no extension, or an old one."""
    import vectord  # noqa: PLC0415 - collection must not depend on it before this check

    if Path(vectord.__file__).is_relative_to(ROOT / "python"):
        pytest.exit("these tests are for the installed wheel: run `make test`", returncode=2)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add each skip to the list that `make test` prints: `name: reason` (tests/README.md)."""
    report = yield
    if report.skipped and isinstance(report.longrepr, tuple):
        reason = str(report.longrepr[2]).removeprefix("Skipped: ")
        if path := os.environ.get("VECTORD_SKIPS"):
            name, colon, _ = reason.partition(": ")
            line = reason if colon and " " not in name else f"{item.name}: {reason}"
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(line + "\n")
    return report


@pytest.fixture(scope="session")
def command() -> str:
    """Return the path of the `vectord` script that the wheel installed."""
    script = Path(sysconfig.get_path("scripts")) / "vectord"
    assert script.is_file(), f"the wheel installed no {script}"
    return str(script)


@pytest.fixture(scope="session")
def soak_seconds() -> float:
    """Return how long a load, a kill loop or a fuzzer may run: a few seconds, or VECTORD_SOAK."""
    return float(os.environ.get("VECTORD_SOAK", "3"))


@pytest.fixture
def store(tmp_path: Path) -> str:
    """Return the URL of an empty directory store."""
    return str(tmp_path / "vectors")


@pytest.fixture(params=["in process", "over HTTP"])
def registry(request: pytest.FixtureRequest) -> Iterator[vectord.Registry]:
    """Return an empty registry, live here and then behind a service: the classes are the same."""
    import vectord  # noqa: PLC0415 - as above

    served = vectord.open("memory:")
    if request.param == "in process":
        yield served
        return
    with vectord.Server(served) as server:
        assert server.url is not None
        yield vectord.connect(server.url)


@pytest.fixture
def is_remote(registry: vectord.Registry) -> bool:
    """Say whether `registry` is behind a service, for the few things that differ."""
    return registry.url.startswith("http")


@pytest.fixture
def store_on_tmpfs() -> Iterator[Path]:
    """Return a new directory on a tmpfs, for tests of full disks; skipped where there is none."""
    shm = Path("/dev/shm")  # noqa: S108 - the one tmpfs that Linux mounts for everybody
    if sys.platform != "linux" or not os.access(shm, os.W_OK):
        pytest.skip("tmpfs: /dev/shm cannot be written")
    folder = shm / f"vectord-{os.getpid()}"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def guarded(command: str, tmp_path: Path) -> Iterator[Callable[[str], tuple[str, str]]]:
    """Return what starts a service on the directory `vectors` that asks for a key: its address, and a key."""
    services: list[subprocess.Popen[bytes]] = []

    def start(role: str) -> tuple[str, str]:
        make = [command, "key", "new", "--role", role]
        made = subprocess.run(make, check=True, capture_output=True, text=True).stdout
        keys = next(line for line in made.splitlines() if line.startswith("VECTORD_KEYS="))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            host, port = probe.getsockname()
        serve = [command, "serve", "--store", str(tmp_path / "vectors"), "--bind", f"{host}:{port}"]
        env = {**os.environ, "VECTORD_KEYS": keys.partition("=")[2]}
        services.append(subprocess.Popen(serve, env=env))
        for _ in range(600):
            assert services[-1].poll() is None, "the service ended"
            with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=5):
                break
            time.sleep(0.05)
        return f"http://{host}:{port}", made.split("\n", 1)[0]

    yield start
    for service in services:
        service.terminate()
        assert service.wait(30) == 0
