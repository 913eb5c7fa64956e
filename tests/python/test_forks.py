"""Processes that come from one another: fork, pools, gunicorn's preload, joblib, a loader of data.

Each pattern runs in a program of its own, which must end by itself: a child that waits for a thread of its
parent's would not. All rows are there afterwards, each once, and nobody wrote a traceback.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING

import pytest

import vectord

if TYPE_CHECKING:
    from pathlib import Path

# From 3.12 on Python warns of every fork while there are threads; that it works is what is tested here.
WARNINGS = ["-W", "error", "-W", "ignore:This process:DeprecationWarning"]
TIMEOUT = 120


def run(program: str, *arguments: str) -> str:
    """Run a program that must end well and say nothing on stderr; return what it printed."""
    command = [sys.executable, *WARNINGS, "-c", program, *arguments]
    # A group of its own: what hangs is ended with its children.
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            out, err = process.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            pytest.fail(f"it hung; stdout: {out!r}, stderr: {err!r}")
    assert (process.returncode, err) == (0, "")
    return out


def run_file(folder: Path, program: str, *arguments: str) -> str:
    """Run a program whose children import it, as those of spawn do."""
    file = folder / "program.py"
    file.write_text(program, encoding="utf-8")
    return run(f"import runpy; runpy.run_path({str(file)!r}, run_name='__main__')", *arguments)


def ids(store: str) -> list[str]:
    docs = vectord.open(store, share=False).get("docs")
    assert docs.validate() == []
    found = sorted(docs.search([1.0, 1.0, 1.0], k=100_000, exact=True).ids)
    assert len(found) == len(docs) == len(set(found))
    return found


def test_a_fork_between_two_adds_loses_neither(store: str) -> None:
    program = """
import os, sys
import numpy as np, vectord
docs = vectord.open(sys.argv[1]).create("docs", 3)
docs.add(["before"], np.eye(3)[:1])
def work(name):
    for at in range(20):
        docs.add([f"{name}-{at}"], np.eye(3)[1:2])
        assert f"{name}-{at}" in docs
        assert docs.search(id=f"{name}-{at}", k=1, consistency="strong").ids.size == 1
    assert "before" in docs
if (child := os.fork()) == 0:
    work("child")
    sys.exit(0)
work("parent")
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert len(docs) == 41
docs.add(["after"], np.eye(3)[2:])
"""
    run(program, store)
    assert ids(store) == sorted(
        ["before", "after", *(f"{n}-{i}" for n in ("child", "parent") for i in range(20))]
    )


def test_a_child_searches_for_batches_as_its_parent_did(store: str) -> None:
    # The parent's threads are not in the child.
    program = """
import os, sys
os.environ["VECTORD_THREADS"] = "2"
import numpy as np, vectord
rng = np.random.default_rng(1)
docs = vectord.open(sys.argv[1]).create("docs", 16)
docs.add([str(i) for i in range(5_000)], rng.standard_normal((5_000, 16)))
queries = rng.standard_normal((400, 16))
def search():
    exact, found = docs.search(queries, k=5, exact=True), docs.search(queries, k=5, ef=20)
    # What a walk finds may change while rows are still being attached.
    assert (found.distances <= exact.distances[:, -1:] + 1e-6).mean() > 0.7
    return exact.ids.tolist(), exact.distances.tolist()
before = search()
child = os.fork()
assert search() == before
if child == 0:
    sys.exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""
    run(program, store)


def test_a_fork_while_another_thread_writes_does_not_hang(store: str) -> None:
    # At the moment of a fork the ingesting thread, the committer and the follower may each hold any lock.
    program = """
import os, sys, threading
import numpy as np, vectord
registry = vectord.open(sys.argv[1])
docs = registry.create("docs", 3)
over, written = threading.Event(), 0
def ingest():
    global written
    while not over.is_set():
        docs.add([f"parent-{written}", "both"], np.ones((2, 3)))
        docs.search(np.ones(3))
        written += 1
thread = threading.Thread(target=ingest)
thread.start()
children = []
for number in range(20):
    if (child := os.fork()) == 0:
        assert docs.add([f"child-{number}", "both"], np.ones((2, 3))).added == 2
        assert f"child-{number}" in docs and len(registry["docs"]) > 1
        assert len(docs.search(np.ones(3), k=1)) == 1
        os._exit(0)
    children.append(child)
    if number % 5 == 4:
        for child in children:
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, number
        children.clear()
over.set()
thread.join()
docs.close()
registry.close()
print(written)
"""
    written = int(run(program, store))
    assert written > 0
    wanted = ["both", *(f"child-{i}" for i in range(20)), *(f"parent-{i}" for i in range(written))]
    assert ids(store) == sorted(wanted)


def test_what_was_queued_before_a_fork_is_written_once(store: str) -> None:
    program = """
import os, sys
import numpy as np, vectord
docs = vectord.open(sys.argv[1], durability="async").create("docs", 3)
for at in range(100):
    docs.add([f"before-{at}"], np.ones((1, 3)))
if (child := os.fork()) == 0:
    docs.add(["child"], np.ones((1, 3)))
    docs.flush()
    os._exit(0)
docs.add(["parent"], np.ones((1, 3)))
docs.close()
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""
    run(program, store)
    assert ids(store) == sorted(["child", "parent", *(f"before-{at}" for at in range(100))])
    docs = vectord.open(store, share=False).get("docs")
    assert docs.seq <= 103


def test_a_registry_closed_in_a_child_stays_open_in_its_parent(store: str) -> None:
    program = """
import os, sys
import numpy as np, vectord
registry = vectord.open(sys.argv[1])
docs = registry.create("docs", 3)
docs.add(["before"], np.ones((1, 3)))
if (child := os.fork()) == 0:
    docs.add(["child"], np.ones((1, 3)))
    docs.close()
    registry.close()
    sys.exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
docs.add(["parent"], np.ones((1, 3)))
registry.close()
"""
    run(program, store)
    assert ids(store) == ["before", "child", "parent"]


POOL = """
import multiprocessing, sys
import numpy as np, vectord
docs = None
def begin(index):
    global docs
    docs = index
def work(number):
    docs.add([f"row-{number}"], np.ones((1, 3)))
    return docs.search(id=f"row-{number}", k=1000, exact=True).ids.tolist().count(f"row-{number}")
if __name__ == "__main__":
    docs = vectord.open(sys.argv[1]).create("docs", 3)
    docs.add(["before"], np.ones((1, 3)))
    with multiprocessing.get_context(sys.argv[2]).Pool(2, begin, (docs,)) as pool:
        assert pool.map(work, range(40)) == [1] * 40
        pool.close()
        pool.join()
    assert len(docs) == 41
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_pool_whose_initializer_takes_the_index(method: str, store: str, tmp_path: Path) -> None:
    run_file(tmp_path, POOL, store, method)
    assert ids(store) == sorted(["before", *(f"row-{i}" for i in range(40))])


# What torch's DataLoader does with its workers: each gets the dataset by fork or by pickle, is sent numbers
# of rows and sends samples back; they end with each epoch. (torch itself is too large to test with.)
LOADER = """
import multiprocessing, sys
import numpy as np, vectord
class Neighbours:
    def __init__(self, docs):
        self.docs = docs
    def __len__(self):
        return 30
    def __getitem__(self, at):
        hits = self.docs.search(id=f"row-{at}", k=3)
        self.docs.set_metadata([f"row-{at}"], [{"seen": True}])
        return at, hits.distances, self.docs.get([f"row-{at}"]).vectors
def work(dataset, asked, answers):
    while (at := asked.get()) is not None:
        answers.put(dataset[at])
if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[2])
    docs = vectord.open(sys.argv[1]).create("docs", 3)
    rows = np.random.default_rng(0).standard_normal((30, 3), dtype=np.float32)
    docs.add([f"row-{i}" for i in range(30)], rows)
    dataset = Neighbours(docs)
    for epoch in range(3):
        asked, answers = context.Queue(), context.Queue()
        workers = [context.Process(target=work, args=(dataset, asked, answers)) for _ in range(2)]
        for worker in workers:
            worker.start()
        for at in np.random.default_rng(epoch).permutation(len(dataset)).tolist():
            asked.put(at)
        seen = {}
        while len(seen) < len(dataset):
            at, distances, vectors = answers.get(timeout=60)
            assert at not in seen and distances.shape == (3,) and (vectors[0] == rows[at]).all()
            seen[at] = True
        for _ in workers:
            asked.put(None)
        for worker in workers:
            worker.join(60)
            assert worker.exitcode == 0
        docs.add([f"epoch-{epoch}"], np.ones((1, 3)))
    assert docs.get([f"row-{i}" for i in range(30)]).metadata == [{"seen": True}] * 30
"""


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_dataset_that_holds_an_index_is_loaded_by_workers(method: str, store: str, tmp_path: Path) -> None:
    run_file(tmp_path, LOADER, store, method)
    assert ids(store) == sorted([*(f"row-{i}" for i in range(30)), *(f"epoch-{i}" for i in range(3))])


JOBLIB = """
import sys
import joblib, numpy as np, vectord
def work(docs, number):
    docs.add([f"row-{number}"], np.ones((1, 3)))
    return len(docs.search(id=f"row-{number}", k=1))
if __name__ == "__main__":
    docs = vectord.open(sys.argv[1]).create("docs", 3)
    docs.add(["before"], np.ones((1, 3)))
    for turn in range(2):
        tasks = [joblib.delayed(work)(docs, 20 * turn + at) for at in range(20)]
        assert joblib.Parallel(n_jobs=2, backend=sys.argv[2])(tasks) == [1] * 20
        assert len(docs) == 20 * turn + 21
"""


@pytest.mark.parametrize("backend", ["loky", "multiprocessing", "threading"])
def test_joblib_workers_write_and_search(backend: str, store: str, tmp_path: Path) -> None:
    pytest.importorskip("joblib", reason="joblib: not installed")
    run_file(tmp_path, JOBLIB, store, backend)
    assert ids(store) == sorted(["before", *(f"row-{i}" for i in range(40))])


APP = """
import json, os
import numpy as np, vectord
docs = vectord.open(os.environ["STORE"]).get_or_create("docs", 3)
docs.add(["imported"], np.ones((1, 3)))
def app(environ, start_response):
    id = environ["PATH_INFO"].strip("/")
    added = docs.add([id], np.ones((1, 3)))
    hits = docs.search(id=id, k=1000, exact=True)
    body = json.dumps({"pid": os.getpid(), "seq": added.seq, "length": len(hits)}).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
"""


def test_workers_of_a_preloaded_gunicorn_write_and_search(store: str, tmp_path: Path) -> None:
    pytest.importorskip("gunicorn", reason="gunicorn: not installed")
    (tmp_path / "service.py").write_text(APP, encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, *WARNINGS, "-m", "gunicorn", "--preload", "--workers", "2", "--bind"]
    command += [f"127.0.0.1:{port}", "--graceful-timeout", "10", "--no-control-socket", "service:app"]
    log = tmp_path / "log.txt"
    with log.open("w") as out:
        server = subprocess.Popen(
            command,
            cwd=tmp_path,
            env={**os.environ, "STORE": store},
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        pids, last = set(), 0
        for number in range(60):
            answer = ask(f"http://127.0.0.1:{port}/row-{number}", server)
            pids.add(answer["pid"])
            # Whichever worker answers, it has what the other had acknowledged.
            assert answer["length"] == number + 2
            assert answer["seq"] > last
            last = answer["seq"]
        assert server.pid not in pids
        server.terminate()
        assert server.wait(30) == 0
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()
    text = log.read_text(encoding="utf-8")
    assert "Traceback" not in text
    assert "ERROR" not in text
    assert ids(store) == sorted(["imported", *(f"row-{i}" for i in range(60))])


def ask(url: str, server: subprocess.Popen[bytes]) -> dict[str, int]:
    """Ask the service, which may still be starting."""
    for _ in range(600):
        assert server.poll() is None, "the service ended"
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - our own service
                found: dict[str, int] = json.load(answer)
                return found
        except ConnectionError:
            time.sleep(0.05)
        except OSError as error:
            if not isinstance(getattr(error, "reason", None), ConnectionError):
                raise
            time.sleep(0.05)
    pytest.fail("the service was not ready within 30 s")


REMOTE = """
import os, sys, vectord
docs = vectord.connect(sys.argv[1]).create("docs", 3)
docs.add(["a"], [[1, 0, 0]])
child = os.fork()
if child == 0:
    docs.add(["b"], [[0, 1, 0]])
    assert docs.search([0, 1, 0], k=1).ids.tolist() == ["b"]
    os._exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
docs.add(["c"], [[0, 0, 1]])
assert len(docs) == 3
print(sorted(docs.scan().ids))
"""


def test_a_forked_child_makes_connections_of_its_own() -> None:
    registry = vectord.open("memory:")
    with vectord.Server(registry) as server:
        assert server.url is not None
        assert run(REMOTE, server.url) == "['a', 'b', 'c']\n"


LIVE_RECALL = """
import os, sys, time
import numpy as np, vectord

docs = vectord.open(sys.argv[1]).create("docs", dimension=8)
random = np.random.default_rng(1)
docs.add([str(i) for i in range(3_000)], random.random((3_000, 8), dtype=np.float32))
assert docs.stats()["live_recall"] is None

def measured():
    begun = time.monotonic()
    while (told := docs.stats(digest=False)["live_recall"]) is None or told["queries"] < 3:
        assert time.monotonic() - begun < 60, told
        # Exact ones do not count: a child reads the rows again, and has them in its graph a little later.
        for query in random.random((20, 8), dtype=np.float32):
            docs.search(query, k=5, ef=5)
    assert 0 <= told["low"] <= told["recall"] <= told["high"] <= 1, told
    assert told["filtered"] is None, told

measured()
child = os.fork()
if child == 0:
    assert docs.stats(digest=False)["live_recall"] is None, "what the parent measured is the parent's"
    measured()
    os._exit(0)
_, status = os.waitpid(child, 0)
assert status == 0, status
measured()
print("measured")
"""


def test_recall_is_measured_in_a_forked_child_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VECTORD_LIVE_RECALL", "1")
    assert run(LIVE_RECALL, str(tmp_path / "store")) == "measured\n"
