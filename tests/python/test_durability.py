"""Writes that are queued: what they answer, who waits for them, who hears of their failures."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

import vectord

if TYPE_CHECKING:
    from collections.abc import Callable

EYE = np.eye(3, dtype=np.float32)


@pytest.fixture
def docs(store: str) -> vectord.Index:
    """Return an index whose writes queue."""
    return vectord.open(store, durability="async").create("docs", 3)


def test_a_queued_write_answers_what_can_be_known(docs: vectord.Index) -> None:
    added = docs.add(["a"], EYE[:1])
    assert (added.seq, added.added) == (None, 1)
    assert 0 <= added.length <= 1
    assert docs.flush() == 2
    assert docs.delete(["a", "nobody"]) == vectord.Deleted(seq=None, deleted=None, length=1)
    docs.flush()
    docs.add(["a"], EYE[:1])
    docs.flush()
    set_one = docs.set_metadata(["a"], [{"x": 1}])
    assert set_one == vectord.MetadataSet(seq=None, updated=1, length=1)
    docs.flush()
    assert docs.get(["a"]).metadata == [{"x": 1}]
    assert repr(added).startswith("Added(seq=None, added=1, length=")


def test_what_is_wrong_is_told_at_once(docs: vectord.Index) -> None:
    with pytest.raises(vectord.InvalidArgumentError, match=r"^vectors\[1\]: "):
        docs.add(["a", "b"], [[1, 0, 0], [np.nan, 0, 0]])
    with pytest.raises(vectord.InvalidArgumentError, match="dimension"):
        docs.add(["a"], [[1, 0]])
    docs.flush()
    assert len(docs) == 0


def test_queued_writes_are_in_order_and_in_the_log_once_flushed(docs: vectord.Index, store: str) -> None:
    for at in range(300):
        docs.add([str(at), "last"], np.full((2, 3), at + 1, dtype=np.float32))
    seq = docs.flush()
    other = vectord.open(store, share=False).get("docs")
    hits = other.search(EYE[0], k=1, min_seq=seq)
    assert len(other) == 301
    assert hits.seq == seq
    assert other.get(["last"]).vectors.tolist() == [[300.0, 300.0, 300.0]]


def end_by_flush(docs: vectord.Index, registry: vectord.Registry) -> None:
    del registry
    docs.flush()


def end_by_close(docs: vectord.Index, registry: vectord.Registry) -> None:
    del registry
    docs.close()


def end_by_with(docs: vectord.Index, registry: vectord.Registry) -> None:
    del registry
    with docs:
        pass


def end_by_closing_the_registry(docs: vectord.Index, registry: vectord.Registry) -> None:
    del docs
    registry.close()


def end_by_with_the_registry(docs: vectord.Index, registry: vectord.Registry) -> None:
    del docs
    with registry:
        pass


@pytest.mark.parametrize(
    "end",
    [end_by_flush, end_by_close, end_by_with, end_by_closing_the_registry, end_by_with_the_registry],
)
@pytest.mark.parametrize("others", [0, 1])
def test_every_way_to_end_waits_and_raises_the_first_failure(
    end: Callable[[vectord.Index, vectord.Registry], None], others: int, store: str
) -> None:
    # Another handle of the URL keeps the live index open: then closing the registry does not end it.
    kept = [vectord.open(store) for _ in range(others)]
    registry = vectord.open(store, durability="async")
    docs = registry.create("docs", 3)
    docs.add(["a"], EYE[:1])
    docs.set_metadata(["first"], [{}])
    docs.set_metadata(["second"], [{}])
    docs.add(["b"], EYE[1:2])
    with pytest.raises(vectord.NotFoundError, match='no row has the id "first"'):
        end(docs, registry)
    there = vectord.open(store, share=False).get("docs")
    assert sorted(there.search(EYE[0]).ids) == ["a", "b"]
    del kept


def test_a_failure_is_raised_once(docs: vectord.Index) -> None:
    docs.set_metadata(["nobody"], [{}])
    with pytest.raises(vectord.NotFoundError):
        docs.flush()
    docs.flush()
    docs.close()
    docs.close()


def test_closing_a_registry_after_its_index_was_deleted_is_no_failure(store: str) -> None:
    with vectord.open(store, durability="async") as registry:
        registry.create("docs", 3).add(["a"], EYE[:1])
        registry.delete("docs")


def test_handles_of_one_store_may_differ(docs: vectord.Index, store: str) -> None:
    waiting = vectord.open(store).get("docs")
    docs.add(["queued"], EYE[:1])
    added = waiting.add(["waited for"], EYE[1:2])
    assert added.seq is not None
    assert added.length == 2


def test_a_batch_of_a_job_is_waited_for_all_the_same(docs: vectord.Index) -> None:
    docs.add(["a"], EYE[:1])
    done = docs.add_batches([(["b"], EYE[1:2]), (["c"], EYE[2:])], job="job")
    assert (done.batches, done.length) == (2, 3)
    assert done.seq == docs.seq


def test_more_than_the_queue_holds_is_taken_as_room_comes(store: str) -> None:
    docs = vectord.open(store, durability="async").create("docs", 4_096, distance="dot")
    rows = np.ones((2_000, 4_096), dtype=np.float32)
    for at in range(4):
        docs.add([f"{at}-{i}" for i in range(2_000)], rows)
    docs.flush()
    assert len(docs) == 8_000


def test_an_unknown_durability_is_refused(store: str) -> None:
    with pytest.raises(
        vectord.InvalidArgumentError, match='unknown durability "eager": give "sync" or "async"'
    ):
        vectord.open(store, durability="eager")  # type: ignore[arg-type]


def test_what_is_queued_when_the_interpreter_ends_is_written(store: str) -> None:
    program = """
import sys, threading, time
import numpy as np, vectord
docs = vectord.open(sys.argv[1], durability="async").create("docs", 3)
sys.kept = docs
threading.Thread(target=lambda kept: time.sleep(60), args=(docs,), daemon=True).start()
for at in range(300):
    docs.add([str(at)], np.ones((1, 3)))
docs.set_metadata(["nobody"], [{}])
"""
    command = [sys.executable, "-c", program, store]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert 'no row has the id "nobody"' in done.stderr
    assert len(vectord.open(store, share=False).get("docs")) == 300
