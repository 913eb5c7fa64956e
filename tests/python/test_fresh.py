"""What one process acknowledged, the next search of another sees; and how soon those see it who do not ask.

A writer of its own adds a row, waits for the acknowledgement and tells it through a pipe; only then does the
reader search. The next row is added when the reader is done, so nothing but the read itself makes it fresh.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pytest

import vectord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

# Takes a query and the seq that was acknowledged; returns the seq of the state that was searched, and the
# nearest id.
Search: TypeAlias = "Callable[[npt.NDArray[np.float32], int], tuple[int, str]]"

DIMENSION = 8
WRITER = """
import sys
import numpy as np, vectord
docs = vectord.open(sys.argv[1]).get("docs")
for line in sys.stdin:
    vector = np.random.default_rng(int(line)).standard_normal((1, 8), dtype=np.float32)
    print(docs.add([f"row-{int(line)}"], vector).seq, flush=True)
"""
CHECKPOINTER = """
import sys
import vectord
docs = vectord.open(sys.argv[1]).get("docs")
docs.checkpoint()
print("begun", flush=True)
while True:
    docs.checkpoint()
"""


@contextlib.contextmanager
def process(*command: str) -> Iterator[subprocess.Popen[str]]:
    """Run a program beside this one."""
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "VECTORD_LOG": "error"},
    ) as running:
        try:
            yield running
            assert running.poll() is None, "it ended by itself"
        finally:
            running.send_signal(signal.SIGKILL)


@contextlib.contextmanager
def service(*command: str) -> Iterator[str]:
    """Run `vectord serve` or `vectord storaged`; yields its address."""
    with process(*command, "--bind", "127.0.0.1:0") as running:
        assert running.stdout is not None
        yield running.stdout.readline().rpartition("http://")[2].strip()


def vector(row: int) -> npt.NDArray[np.float32]:
    return np.random.default_rng(row).standard_normal(DIMENSION, dtype=np.float32)


def acknowledged(store: str, rows: int) -> Iterator[tuple[int, int]]:
    """Have another process add rows, one by one; yields each row and its seq when it is acknowledged."""
    with process(sys.executable, "-c", WRITER, store) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        for row in range(rows):
            writer.stdin.write(f"{row}\n")
            writer.stdin.flush()
            yield row, int(writer.stdout.readline())


def misses(store: str, rows: int, search: Search) -> list[str]:
    """Search for each row as soon as it is acknowledged, and return those that were not seen."""
    missed = []
    for row, seq in acknowledged(store, rows):
        at, found = search(vector(row), seq)
        if found != f"row-{row}" or at < seq:
            missed.append(f"row {row}, acknowledged at {seq}: found {found} in the state of {at}")
    return missed


@contextlib.contextmanager
def over_http(address: str, **options: object) -> Iterator[Search]:
    """Open a connection to a service; the option `min_seq` is the seq that was acknowledged."""
    connection = http.client.HTTPConnection(address, timeout=60)

    def search(query: npt.NDArray[np.float32], seq: int) -> tuple[int, str]:
        asked = {name: seq if name == "min_seq" else value for name, value in options.items()}
        body = json.dumps({"vector": query.tolist(), "k": 1, **asked})
        connection.request("POST", "/vectors/index/docs/search", body)
        answer = connection.getresponse()
        told: dict[str, Any] = json.load(answer)
        assert answer.status == http.client.OK, told
        return told["seq"], "".join(hit["id"] for hit in told["results"])

    with contextlib.closing(connection):
        yield search


def in_process(docs: Any, **options: object) -> Search:  # noqa: ANN401 - its overloads know no dict
    """Return a search through the wheel; the option `min_seq` is the seq that was acknowledged."""

    def search(query: npt.NDArray[np.float32], seq: int) -> tuple[int, str]:
        asked = {name: seq if name == "min_seq" else value for name, value in options.items()}
        hits = docs.search(query, k=1, **asked)
        return hits.seq, "".join(hits.ids)

    return search


def make(store: str) -> None:
    vectord.open(store, share=False).create("docs", dimension=DIMENSION, distance="euclidean").close()


@contextlib.contextmanager
def checkpoints(store: str, *, wanted: bool) -> Iterator[None]:
    """Let a third process checkpoint all the time, if `wanted`."""
    if not wanted:
        yield
        return
    with process(sys.executable, "-c", CHECKPOINTER, store) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "begun\n"
        yield
    floors = list(Path(store, "_vectors", "docs", "floor").iterdir())
    assert len(floors) > 1, "it did not checkpoint all the time"


beside = pytest.mark.parametrize("checkpointing", [False, True], ids=["alone", "beside_checkpoints"])


@beside
def test_a_search_sees_what_another_process_had_acknowledged(
    store: str,
    checkpointing: bool,  # noqa: FBT001 - a parameter of the claim
) -> None:
    make(store)
    with vectord.open(store, share=False) as registry, checkpoints(store, wanted=checkpointing):
        assert misses(store, 1_000, in_process(registry.get("docs"))) == []


@beside
def test_a_service_sees_what_another_process_had_acknowledged(
    store: str,
    command: str,
    checkpointing: bool,  # noqa: FBT001 - a parameter of the claim
) -> None:
    make(store)
    with (
        checkpoints(store, wanted=checkpointing),
        service(command, "serve", "--store", store) as address,
        over_http(address) as search,
    ):
        assert misses(store, 300, search) == []


asking = pytest.mark.parametrize(
    "options", [{"consistency": "strong"}, {"min_seq": 0}], ids=["strong", "min_seq"]
)


@asking
def test_over_a_storaged_a_search_that_asks_for_it_is_fresh(
    store: str, command: str, options: dict[str, object]
) -> None:
    with service(command, "storaged", "--dir", store) as objects:
        url = f"http://{objects}"
        make(url)
        with vectord.open(url, share=False) as registry:
            assert misses(url, 100, in_process(registry.get("docs"), **options)) == []


@asking
def test_over_a_storaged_a_service_that_is_asked_for_it_is_fresh(
    store: str, command: str, options: dict[str, object]
) -> None:
    with service(command, "storaged", "--dir", store) as objects:
        url = f"http://{objects}"
        make(url)
        with service(command, "serve", "--store", url) as address, over_http(address, **options) as search:
            assert misses(url, 100, search) == []


def test_a_service_that_does_not_ask_follows_all_the_same(
    store: str, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    make(store)
    lags = []
    with (
        service(command, "serve", "--store", store) as address,
        over_http(address, consistency="bounded") as search,
    ):
        for row, seq in acknowledged(store, 300):
            told = time.monotonic()
            while search(vector(row), seq)[1] != f"row-{row}":
                assert time.monotonic() < told + 10, f"row {row} is not seen after 10 seconds"
            lags.append((time.monotonic() - told) * 1e3)
    with capsys.disabled():
        middle, late, worst = np.percentile(lags, [50, 99, 100])
        print(
            f"\na service follows a directory: p50 {middle:.1f} ms, p99 {late:.1f} ms, worst {worst:.1f} ms"
        )
