"""How fresh a search is: what it asks for, what it sees of another writer, what it says of itself."""

from __future__ import annotations

import pickle
import threading
from typing import Any

import numpy as np
import pytest

import vectord

EYE = np.eye(3, dtype=np.float32)


@pytest.fixture
def pair(store: str) -> tuple[vectord.Index, vectord.Index]:
    """Return two handles that share nothing but the store, as two processes would have."""
    docs = vectord.open(store, share=False).create("docs", 3)
    return docs, vectord.open(store, share=False).get("docs")


def test_a_search_sees_what_another_was_told_is_in(pair: tuple[vectord.Index, vectord.Index]) -> None:
    docs, other = pair
    for at in range(50):
        added = docs.add([str(at)], EYE[:1])
        hits = other.search(EYE[0], k=100)
        assert (len(hits), hits.seq, hits.consistency) == (at + 1, added.seq, "strong")
    docs.add(["last"], EYE[:1])
    assert "last" in other
    docs.delete(["last"])
    assert len(other.get(["last"])) == 0
    assert len(other) == 50


def test_every_answer_says_how_fresh_it_is(pair: tuple[vectord.Index, vectord.Index]) -> None:
    docs, other = pair
    seq = docs.add(["a", "b"], EYE[:2]).seq
    none = np.empty((0, 3), dtype=np.float32)
    for kind in ("strong", "bounded"):
        found = [
            other.search(EYE[0], min_seq=seq, consistency=kind),
            other.search(EYE, min_seq=seq, consistency=kind),
            other.search(none, min_seq=seq, consistency=kind),
            other.search(id="a", min_seq=seq, consistency=kind),
        ]
        for hits in [*found, found[1][0]]:
            assert (hits.consistency, hits.seq) == (kind, seq)
            assert f"seq {seq}, {kind}" in repr(hits) or hits is found[1][0]
            copy = pickle.loads(pickle.dumps(hits))  # noqa: S301 - our own bytes
            assert (copy.consistency, copy.seq) == (kind, seq)


def test_min_seq_waits_for_what_is_on_its_way(pair: tuple[vectord.Index, vectord.Index]) -> None:
    docs, other = pair
    seq = docs.seq
    later = threading.Timer(0.2, lambda: docs.add(["a"], EYE[:1]))
    later.start()
    assert other.search(EYE[0], min_seq=seq + 1, consistency="bounded").ids.tolist() == ["a"]
    later.join()


def test_min_seq_of_none_waits_for_nothing(pair: tuple[vectord.Index, vectord.Index]) -> None:
    docs, _ = pair
    assert docs.search(EYE[0], min_seq=None).seq == docs.seq


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"consistency": "eventual"}, 'unknown consistency "eventual": give "strong" or "bounded"'),
        ({"min_seq": -1}, r"min_seq must be 0\.\."),
        ({"min_seq": 2**70}, r"min_seq must be 0\.\."),
    ],
)
def test_what_is_no_freshness_is_refused(given: dict[str, Any], why: str) -> None:
    docs = vectord.open("memory:").create("docs", 3)
    with pytest.raises(vectord.InvalidArgumentError, match=why):
        docs.search(EYE[0], **given)


def test_stats_have_a_digest_unless_it_is_not_wanted(pair: tuple[vectord.Index, vectord.Index]) -> None:
    docs, other = pair
    docs.add(["a"], EYE[:1])
    other.refresh()
    one, two = docs.stats(), other.stats()
    assert one["digest"] == two["digest"]
    assert len(one["digest"]) == 32
    assert one["seq"] == two["seq"] == 2
    quick = docs.stats(digest=False)
    assert quick["digest"] is None
    assert set(quick) == set(one)
    assert set(one) == {
        "rows", "dead", "tail", "pending", "bytes_memory", "bytes_mapped", "bytes_store", "objects", "seq",
        "lag", "codec", "degree", "ef_search", "digest", "halted", "live_recall",
    }  # fmt: skip
