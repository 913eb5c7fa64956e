"""The package among processes, threads and signals: forks, Ctrl-C, the interpreter's lock, the service."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import vectord

if TYPE_CHECKING:
    from pathlib import Path

EYE = np.eye(3, dtype=np.float32)


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_a_forked_child_adds_and_searches(store: str) -> None:
    program = """
import os, sys
import numpy as np, vectord
registry = vectord.open(sys.argv[1])
docs = registry.create("docs", dimension=3)
docs.add(["parent"], np.eye(3)[:1])
child = os.fork()
if child == 0:
    docs.add(["child"], np.eye(3)[1:2])
    assert docs.search(np.eye(3)[1], k=1).ids.tolist() == ["child"]
    registry.get("docs").add(["again"], np.eye(3)[2:])
    assert sorted(docs.search(np.ones(3)).ids) == ["again", "child", "parent"]
    sys.exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
docs.refresh()
assert sorted(docs.search(np.ones(3)).ids) == ["again", "child", "parent"]
docs.add(["parent again"], np.eye(3)[:1])
"""
    done = run(program, store)
    assert done.returncode == 0, done.stderr
    assert len(vectord.open(store, share=False).get("docs")) == 4


def test_a_forked_child_builds_a_graph_where_its_parent_had_built_one(store: str) -> None:
    # The graph's builder once waited there for a thread pool that fork had left behind.
    program = """
import os, sys
import numpy as np, vectord
rows = np.random.default_rng(0).standard_normal((2_500, 8), dtype=np.float32)
ids = [str(i) for i in range(2_500)]
registry = vectord.open(sys.argv[1])
registry.create("parent", dimension=8).add(ids, rows)
if (child := os.fork()) == 0:
    docs = registry.create("child", dimension=8)
    docs.add(ids, rows)
    assert docs.search(rows[7], k=1).ids.tolist() == ["7"] and docs.stats()["degree"] > 0
    sys.exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""
    done = run(program, store)
    assert done.returncode == 0, done.stderr


def test_a_forked_child_adds_to_the_graph_of_its_parent(store: str) -> None:
    program = """
import os, sys
import numpy as np, vectord
rows = np.random.default_rng(0).standard_normal((3_500, 8), dtype=np.float32)
ids = [str(i) for i in range(3_500)]
docs = vectord.open(sys.argv[1]).create("docs", dimension=8)
docs.add(ids[:3_000], rows[:3_000])
assert docs.search(rows[7], k=1).ids.tolist() == ["7"] and docs.stats()["degree"] > 0
if (child := os.fork()) == 0:
    assert docs.add(ids[3_000:], rows[3_000:]).length == 3_500
    assert docs.search(rows[7], k=1).ids.tolist() == ["7"]
    assert docs.search(rows[3_400], k=1).ids.tolist() == ["3400"]
    assert docs.validate() == []
    sys.exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
docs.refresh()
assert docs.search(rows[3_400], k=1).ids.tolist() == ["3400"] and docs.validate() == []
"""
    done = run(program, store)
    assert done.returncode == 0, done.stderr


def test_a_memory_store_does_not_outlive_a_fork() -> None:
    program = """
import os, sys
import numpy as np, vectord
docs = vectord.open("memory:").create("docs", dimension=3)
docs.add(["a"], np.eye(3)[:1])
if (child := os.fork()) == 0:
    try:
        docs.search(np.ones(3))
    except vectord.UnsupportedError as error:
        sys.exit(0 if "use a directory" in str(error) else 2)
    sys.exit(1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    done = run(program)
    assert done.returncode == 0, done.stderr


def test_other_threads_run_during_a_long_add() -> None:
    docs = vectord.open("memory:").create("docs", dimension=64)
    vectors = np.random.default_rng(0).standard_normal((20_000, 64), dtype=np.float32)
    beats, over = 0, threading.Event()

    def beat() -> None:
        nonlocal beats
        while not over.is_set():
            beats += 1
            over.wait(0.001)

    heart = threading.Thread(target=beat)
    heart.start()
    before = beats
    docs.add([str(i) for i in range(20_000)], vectors, [{"i": i} for i in range(20_000)])
    during = beats - before
    over.set()
    heart.join()
    assert during > 10


def test_ctrl_c_stops_between_batches_and_says_what_is_in(store: str) -> None:
    # 3 atomic batches of 64 MiB at most; dot builds no graph, so each takes moments. The signal comes from a
    # thread that sees the first batch become visible.
    program = """
import os, signal, sys, threading
import numpy as np, vectord
# A shell's background job, such as a test run may be, hands SIGINT down ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
docs = vectord.open(sys.argv[1]).create("docs", dimension=4_096, distance="dot")
rows = 9_000
ids = [str(i) for i in range(rows)]
vectors = np.ones((rows, 4_096), dtype=np.float32)
def interrupt():
    while len(docs) == 0:
        pass
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt, daemon=True).start()
try:
    docs.add(ids, vectors)
except KeyboardInterrupt as stopped:
    print(stopped.added, stopped.seq, len(docs), docs.seq)
    raise
"""
    done = run(program, store)
    assert done.returncode == -signal.SIGINT, done.stderr
    assert "KeyboardInterrupt" in done.stderr
    added, seq, length, last = map(int, done.stdout.split())
    assert 0 < added == length
    assert seq == last
    index = vectord.open(store, share=False).get("docs")
    assert (len(index), index.seq) == (added, seq)
    assert str(added - 1) in index
    assert str(added) not in index


def test_a_call_beyond_64_mib_is_several_batches(store: str) -> None:
    docs = vectord.open(store).create("docs", dimension=4_096, distance="dot")
    vectors = np.ones((5_000, 4_096), dtype=np.float32)
    ids = [str(i) for i in range(5_000)]
    bad = vectors.copy()
    bad[4_999, 0] = np.nan
    with pytest.raises(vectord.InvalidArgumentError, match=r"^vectors\[4999\]: "):
        docs.add(ids, bad)
    assert docs.seq == 1
    first = docs.add(ids, vectors, idempotency_key="job")
    assert first == vectord.Added(seq=3, added=5_000, length=5_000)
    assert docs.add(ids, vectors, idempotency_key="job") == first


def test_progress_is_a_bar_or_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    docs = vectord.open("memory:").create("docs", dimension=3)
    docs.add(["a"], EYE[:1])
    assert capsys.readouterr().err == ""
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    docs.add(["a", "b"], EYE[:2], progress=True)
    assert re.fullmatch(r"\rdocs: 2 of 2 rows added, [\d,]+ rows/s\n", capsys.readouterr().err)


def test_the_bar_is_tqdms(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tqdm", reason="tqdm: not installed")
    docs = vectord.open("memory:").create("docs", dimension=3)
    docs.add(["a", "b"], EYE[:2], progress=True)
    assert "docs: 100%" in capsys.readouterr().err


def test_the_service_in_process_answers_what_the_index_answers() -> None:
    registry = vectord.open("memory:")
    docs = registry.create("docs", dimension=3)
    docs.add(["a", "b", "c"], EYE, [{"x": 1}, None, {"y": "ü"}])
    server = vectord.Server(registry).start()
    assert server.start() is server
    assert server.url is not None
    body = json.dumps({"vector": [1, 2, 0], "k": 3}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{server.url}/vectors/index/docs/search", body, headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - the address is our own service's
        results: list[dict[str, Any]] = json.load(answer)["results"]
    hits = docs.search([1, 2, 0], k=3)
    assert [result["id"] for result in results] == hits.ids.tolist()
    assert np.allclose([result["distance"] for result in results], hits.distances)
    assert [result.get("metadata") for result in results] == hits.metadata
    server.stop()
    server.stop()
    assert server.url is None
    assert len(docs) == 3
    with pytest.raises(vectord.InvalidArgumentError, match="host must be an IP address"):
        vectord.Server(registry, host="nowhere")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "::ffff:192.0.2.1"])  # noqa: S104 - refused
def test_the_service_in_process_refuses_the_network(host: str) -> None:
    with pytest.raises(
        PermissionError, match=r"Server listens on loopback only, got .*: use `vectord serve"
    ) as caught:
        vectord.Server(vectord.open("memory:"), host=host)
    assert isinstance(caught.value, vectord.PermissionDeniedError)


@pytest.mark.parametrize("port", [-1, 65_536, 2**70])
def test_a_port_outside_its_range_is_refused(port: int) -> None:
    with pytest.raises(vectord.InvalidArgumentError, match=rf"port must be 0\.\.=65535, got {port}"):
        vectord.Server(vectord.open("memory:"), port=port)


def test_the_interpreter_ends_with_indexes_open(tmp_path: Path) -> None:
    program = """
import sys
import numpy as np, vectord
docs = vectord.open(sys.argv[1]).create("docs", dimension=3)
docs.add(["a"], np.eye(3)[:1])
server = vectord.Server(vectord.open(sys.argv[1])).start()
"""
    done = run(program, str(tmp_path / "vectors"))
    assert (done.returncode, done.stderr) == (0, "")
    assert [path.name for path in tmp_path.iterdir()] == ["vectors"]
