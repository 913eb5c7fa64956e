"""`add_batches`: a job that was stopped goes on where it ended, whatever stopped it, and doubles nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import vectord

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROWS = np.random.default_rng(0).standard_normal((60, 3), dtype=np.float32)


def batches(upto: int = 6, size: int = 10) -> Iterator[tuple[list[str], np.ndarray[Any, Any]]]:
    for at in range(0, upto * size, size):
        yield [str(i) for i in range(at, at + size)], ROWS[at : at + size]


@pytest.fixture
def docs(store: str) -> vectord.Index:
    return vectord.open(store).create("docs", 3)


def test_a_job_says_what_is_in(docs: vectord.Index) -> None:
    done = docs.add_batches(batches())
    assert done == vectord.BatchesAdded(seq=7, batches=6, resumed=0, added=60, length=60)
    assert repr(done) == "BatchesAdded(seq=7, batches=6, resumed=0, added=60, length=60)"
    assert docs.add_batches([]) == vectord.BatchesAdded(7, 0, 0, 0, 60)


def test_a_job_that_is_run_again_writes_nothing_again(docs: vectord.Index, store: str) -> None:
    docs.add_batches(batches(4), job="May")
    docs.delete(["3"])
    seq = docs.seq
    # Another process, and more batches than there were.
    other = vectord.open(store, share=False).get("docs")
    done = other.add_batches(batches(6), job="May")
    assert (done.batches, done.resumed, done.added, done.length) == (6, 4, 60, 59)
    assert done.seq == seq + 2 == other.seq
    assert "3" not in other
    again = docs.add_batches(batches(6), job="May")
    assert (again.resumed, again.seq, again.length) == (6, docs.seq, 59)
    assert docs.seq == seq + 2


def test_two_runs_of_a_job_at_once_write_each_batch_once(docs: vectord.Index, store: str) -> None:
    other = vectord.open(store, share=False).get("docs")

    def taking_turns() -> Iterator[tuple[list[str], np.ndarray[Any, Any]]]:
        for number, batch in enumerate(batches()):
            if number % 2:
                other.add_batches(batches(number + 1), job="May")
            yield batch

    done = docs.add_batches(taking_turns(), job="May")
    assert (done.batches, done.resumed, done.seq) == (6, 3, 7)
    assert other.refresh() == docs.seq == 7


def test_without_a_job_batches_are_written_again(docs: vectord.Index) -> None:
    docs.add_batches(batches(2))
    done = docs.add_batches(batches(2))
    assert (done.resumed, done.length, docs.seq) == (0, 20, 5)


def test_a_name_that_stands_for_other_batches_is_refused_with_a_hint(docs: vectord.Index) -> None:
    docs.add_batches(batches(2), job="May")
    with pytest.raises(
        vectord.InvalidArgumentError, match=r'^batches\[1\]: .* another job was called "May", .* another name'
    ) as caught:
        docs.add_batches([*batches(1), (["other"], ROWS[:1])], job="May")
    assert vars(caught.value)["batch"] == 1
    assert (vars(caught.value)["batches"], vars(caught.value)["added"]) == (1, 10)
    assert "other" not in docs


def test_an_error_names_the_batch_and_the_row(docs: vectord.Index) -> None:
    bad = ROWS[10:20].copy()
    bad[7, 1] = np.nan
    with pytest.raises(vectord.InvalidArgumentError, match=r"^batches\[1\]: vectors\[7\]: ") as caught:
        docs.add_batches([*batches(1), (["a"] * 10, bad)])
    facts = vars(caught.value)
    assert (facts["item"], facts["batch"], facts["batches"], facts["added"], facts["seq"]) == (7, 1, 1, 10, 2)
    if sys.version_info >= (3, 11):
        assert facts["__notes__"] == ["batches that are in: 1 (10 rows, seq 2)"]
    assert len(docs) == 10


@pytest.mark.parametrize(
    ("batch", "got"),
    [("ab", "got str"), (3, "got int"), ((["a"],), "got tuple of 1"), ({"ids": ["a"]}, "got dict")],
)
def test_what_is_no_batch_is_refused(docs: vectord.Index, batch: object, got: str) -> None:
    with pytest.raises(vectord.InvalidArgumentError) as caught:
        docs.add_batches([batch])
    wanted = "(ids, vectors), (ids, vectors, metadata) or a DataFrame"
    assert str(caught.value) == f"batches[0]: a batch is {wanted}, {got}"


@pytest.mark.parametrize(
    ("name", "why"), [("", "job is empty"), ("x" * 512, "is too long"), ("a\nb", "control character")]
)
def test_a_name_outside_its_limits_is_refused_before_anything_is_asked_for(
    docs: vectord.Index, name: str, why: str
) -> None:
    with pytest.raises(vectord.InvalidArgumentError, match=why):
        docs.add_batches(iter(lambda: pytest.fail("a batch was asked for"), None), job=name)


def test_what_the_iterable_raises_passes_through_and_says_what_is_in(docs: vectord.Index) -> None:
    class FeedError(Exception):
        __slots__ = ()

    def broken(error: BaseException) -> Iterator[object]:
        yield from batches(2)
        raise error

    for error in (ValueError("no more"), FeedError(), KeyboardInterrupt()):
        with pytest.raises(type(error)) as caught:
            docs.add_batches(broken(error), job="May")
        assert caught.value is error
        assert vars(error)["batches"] == 2
        assert vars(error)["added"] == 20
        assert vars(error)["seq"] == 3
    done = docs.add_batches(batches(3), job="May")
    assert (done.resumed, done.length) == (2, 30)


def test_metadata_and_frames_are_taken_as_add_takes_them(docs: vectord.Index) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas: not installed")
    frame = pandas.DataFrame({"key": ["c", "d"], "v": list(np.eye(3)[:2]), "page": [3, 4]})
    given = [
        (["a"], ROWS[:1], [{"page": 1}]),
        [["b"], ROWS[1:2], {"page": [2]}],
        frame,
        ([], np.empty((0, 3))),
    ]
    done = docs.add_batches(given, id="key", vector="v", job="mixed")
    assert (done.batches, done.added, done.length, done.resumed) == (4, 4, 4, 0)
    assert docs.get(["a", "b", "c", "d"]).metadata == [{"page": page} for page in (1, 2, 3, 4)]


def test_a_batch_beyond_64_mib_resumes_as_one(store: str) -> None:
    docs = vectord.open(store).create("docs", 4_096, distance="dot")
    rows = np.ones((5_000, 4_096), dtype=np.float32)
    given = [([str(i) for i in range(5_000)], rows)]
    assert docs.add_batches(given, job="big") == vectord.BatchesAdded(3, 1, 0, 5_000, 5_000)
    assert docs.add_batches(given, job="big") == vectord.BatchesAdded(3, 1, 1, 5_000, 5_000)


def test_one_batch_at_a_time_is_in_memory(docs: vectord.Index) -> None:
    class Ids(list[str]):
        alive = 0

        def __init__(self, of: list[str]) -> None:
            super().__init__(of)
            Ids.alive += 1

        def __del__(self) -> None:
            Ids.alive -= 1

    def given() -> Iterator[object]:
        for number in range(5):
            assert Ids.alive == 0
            yield Ids([str(number)]), ROWS[:1]

    assert docs.add_batches(given()).added == 5


def test_progress_shows_rows_seq_and_lag(
    docs: vectord.Index, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    docs.add_batches(batches(1), job="May")
    assert capsys.readouterr().err == ""
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "tqdm.auto", None)
        docs.add_batches(list(batches()), job="May", progress=True)
        shown = capsys.readouterr().err
        assert shown.startswith("\rdocs: 10 rows added, ")
        assert "rows/s, batch 6/6 (1 resumed), seq 7, lag 0\n" in shown
        with pytest.raises(vectord.InvalidArgumentError):
            docs.add_batches([*batches(1), 3], progress=True)
        assert capsys.readouterr().err.endswith("\n")
    pytest.importorskip("tqdm", reason="tqdm: not installed")
    docs.add_batches(batches(), job="May", progress=True)
    shown = capsys.readouterr().err
    assert "docs: 60.0rows" in shown
    assert "batch 6 (6 resumed), seq 8, lag 0" in shown


def test_a_job_that_is_killed_resumes(tmp_path: Path) -> None:
    # It kills itself in the midst of the fourth batch; the first run is killed, the second goes on.
    program = """
import os, signal, sys
import numpy as np, vectord
docs = vectord.open(sys.argv[1]).get_or_create("docs", 3)
rows = np.random.default_rng(0).standard_normal((60, 3), dtype=np.float32)
def batches():
    for at in range(0, 60, 10):
        if at == 40 and sys.argv[2] == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        yield [str(i) for i in range(at, at + 10)], rows[at:at + 10]
done = docs.add_batches(batches(), job="May")
print(done.seq, done.batches, done.resumed, done.length)
"""
    store = str(tmp_path / "vectors")
    run = [sys.executable, "-W", "error", "-c", program, store]
    died = subprocess.run([*run, "die"], capture_output=True, text=True, timeout=60, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr
    done = subprocess.run([*run, "live"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["7", "6", "4", "60"]


def test_ctrl_c_stops_between_batches(tmp_path: Path) -> None:
    program = """
import os, signal, sys
import numpy as np, vectord
signal.signal(signal.SIGINT, signal.default_int_handler)
docs = vectord.open(sys.argv[1]).create("docs", 3)
def batches():
    for number in range(100):
        if number == 3:
            os.kill(os.getpid(), signal.SIGINT)
        yield [str(number)], np.ones((1, 3))
try:
    docs.add_batches(batches(), job="May")
except KeyboardInterrupt as stopped:
    print(stopped.batches, stopped.added, stopped.seq, len(docs), docs.seq)
"""
    run = [sys.executable, "-W", "error", "-c", program, str(tmp_path / "vectors")]
    done = subprocess.run(run, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    in_it, added, seq, length, last = map(int, done.stdout.split())
    assert in_it == added == length == 3
    assert seq == last == 4
