"""Measured recall from Python, and searches that ask for a recall."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import vectord

ROWS, DIMENSION = 5_000, 24


@pytest.fixture(scope="module")
def docs() -> vectord.Index:
    rng = np.random.default_rng(3)
    centres = rng.standard_normal((60, DIMENSION))
    rows = centres[rng.integers(60, size=ROWS)] + 0.5 * rng.standard_normal((ROWS, DIMENSION))
    docs = vectord.open("memory:").create("docs", DIMENSION)
    docs.add([str(row) for row in range(ROWS)], rows, [{"digit": row % 10} for row in range(ROWS)])
    docs.stats()
    return docs


def test_recall_is_a_value_with_an_interval(docs: vectord.Index) -> None:
    found = docs.recall(ef=10)
    assert 0 < found.low < found.recall < found.high < 1
    assert (found.sample, found.k, found.ef, found.seq) == (200, 10, 10, docs.seq)
    assert found == docs.recall(200, 10, ef=10, seed=0)
    assert found != docs.recall(ef=10, seed=1)
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 - what was just dumped
    assert repr(found) == (
        f"Recall(recall={found.recall:.4f}, low={found.low:.4f}, high={found.high:.4f}, "
        f"sample=200, k=10, ef=10, seq={found.seq})"
    )
    with pytest.raises(AttributeError):
        found.recall = 1.0  # type: ignore[misc]
    everyone = docs.recall(sample=10**6, ef=10)
    assert (everyone.sample, everyone.low, everyone.high) == (ROWS, everyone.recall, everyone.recall)
    assert found.low <= everyone.recall <= found.high


def test_recall_takes_filters_and_queries(docs: vectord.Index) -> None:
    assert docs.recall(filter={"digit": {"$lt": 5}}, k=5).recall > 0.9
    assert docs.recall(filter={"digit": 12}).recall == 1.0
    queries = np.random.default_rng(4).standard_normal((30, DIMENSION))
    given = docs.recall(queries=queries, ef=20, k=3)
    exact = docs.search(queries, k=3, exact=True).ids
    near = [docs.search(query, k=3, ef=20).ids for query in queries]
    found = np.mean([len(set(one) & set(other)) / 3 for one, other in zip(near, exact, strict=True)])
    assert given.sample == 30
    assert given.recall == pytest.approx(found)
    assert docs.recall(queries=queries.tolist(), ef=20, k=3) == given


def test_a_search_takes_the_ef_that_a_recall_needs(docs: vectord.Index) -> None:
    query = np.random.default_rng(5).standard_normal(DIMENSION)
    efs = []
    for recall in (0.6, 0.9, 0.99):
        explanation = docs.search(query, recall=recall, explain=True).explanation
        assert explanation is not None
        efs.append(explanation["ef"] or ROWS)
    assert efs == sorted(efs)
    assert efs[0] < efs[2]
    assert docs.search(query[None], recall=0.9)[0].ids.tolist() == docs.search(query, recall=0.9).ids.tolist()
    assert len(docs.search(id="7", recall=0.9)) == 10


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"sample": 0}, "sample must be at least 1, got 0"),
        ({"k": 0}, "k must be at least 1, got 0"),
        ({"ef": 0}, "ef must be at least 1, got 0"),
        ({"seed": -1}, "seed must be 0..=9223372036854775807, got -1"),
        ({"queries": np.ones(DIMENSION)}, "queries must be 2-D"),
        ({"queries": np.ones((0, DIMENSION))}, "queries has no rows"),
        ({"queries": np.full((2, DIMENSION), np.nan)}, r"queries\[0\]"),
        ({"filter": {"digit": {"$near": 1}}}, "near"),
    ],
)
def test_what_cannot_be_measured_is_refused(docs: vectord.Index, options: dict[str, Any], said: str) -> None:
    with pytest.raises(vectord.InvalidArgumentError, match=said):
        docs.recall(**options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"recall": 1.0}, "recall must be within 0.5 to 0.999"),
        ({"recall": 0.9, "ef": 50}, "give ef or recall, not both"),
    ],
)
def test_a_recall_that_cannot_be_asked_for_is_refused(
    docs: vectord.Index, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(vectord.InvalidArgumentError, match=said):
        docs.search(np.ones(DIMENSION), **options)
