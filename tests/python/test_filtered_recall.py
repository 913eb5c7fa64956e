"""Recall at defaults through filters: however many rows pass, however they lie to the query, and never short.

With VECTORD_DATA the rows are 39,000 text embeddings with their packages; without it 20,000 made ones, in
clusters. What is true is worked out by numpy from the same columns that became the metadata.
"""

from __future__ import annotations

import gzip
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import vectord

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Rows = npt.NDArray[np.float32]
    Ints = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]
    # The filter for a query, by its number, and the rows that pass.
    Filtered = tuple[dict[str, Any], Mask]

K = 10
LEAST = 0.95
SHARES = (0.5, 0.1, 0.05, 0.01, 0.001, 0.0001)
BUCKETS = 10_000
CLUSTERS, NEAREST = 100, 5


@dataclass(frozen=True)
class Corpus:
    """An index, and what numpy knows of its rows."""

    index: vectord.Index
    base: Rows
    queries: Rows
    # A number of each row's own, from 0, in no order that has to do with the vectors.
    number: Ints
    bucket: Ints
    cluster: Ints
    package: list[str]
    near: Ints
    packages: list[str]


def unit(rows: npt.NDArray[Any]) -> Rows:
    """Return the rows divided by their lengths."""
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True), dtype=np.float32)


def vectors() -> tuple[Rows, Rows, list[str], list[str]]:
    """Return base rows, held-out queries, and the package of each."""
    if "VECTORD_DATA" in os.environ:
        folder = Path(os.environ["VECTORD_DATA"])
        rows = unit(np.load(folder / "minilm-40k.f16.npy").astype(np.float32))
        with gzip.open(folder / "minilm-40k.jsonl.gz", "rt", encoding="utf-8") as lines:
            packages = [json.loads(line)["package"] for line in lines]
        return rows[:-1000], rows[-1000:], packages[:-1000], packages[-1000:]
    rng = np.random.default_rng(3)
    centres = rng.standard_normal((2_000, 48))
    which = rng.integers(0, 2_000, 20_200)
    rows = unit(centres[which] + 0.9 * rng.standard_normal((20_200, 48)))
    packages = [f"package-{one}" for one in which]
    return rows[:-200], rows[-200:], packages[:-200], packages[-200:]


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    """Return the rows in an index, with metadata that filters can ask for."""
    base, queries, package, packages = vectors()
    rows = len(base)
    number = np.random.default_rng(5).permutation(rows)
    bucket = number * BUCKETS // rows
    centres = base[np.flatnonzero(number < CLUSTERS)]
    cluster = np.argmax(base @ centres.T, axis=1)
    index = vectord.open("memory:").create("corpus", base.shape[1])
    columns = {"number": number, "bucket": bucket, "cluster": cluster, "package": package}
    for share in SHARES:
        columns[field(share)] = ["yes" if one < passing(share, rows) else "no" for one in number]
    index.add([str(row) for row in range(rows)], base, columns)
    # The digest needs every row attached: none of them is found by the scan of those that are not yet.
    assert index.stats()["tail"] == 0
    near = np.argsort(-(queries @ centres.T), axis=1)[:, :NEAREST]
    return Corpus(index, base, queries, number, bucket, cluster, package, near, packages)


def field(share: float) -> str:
    """Return the field that is "yes" in this share of the rows."""
    return f"in {share:%}".replace(".", "-")


def passing(share: float, rows: int) -> int:
    """Return how many rows a share is."""
    return max(1, round(share * rows))


def equality(corpus: Corpus, share: float) -> Filtered:
    """Ask for one value of a field."""
    return {field(share): "yes"}, corpus.number < passing(share, len(corpus.base))


def ranged(corpus: Corpus, share: float) -> Filtered:
    """Ask for an interval of a number."""
    rows = len(corpus.base)
    low = rows // 3
    high = low + passing(share, rows)
    mask = (corpus.number >= low) & (corpus.number < high)
    return {"number": {"$gte": low, "$lt": high}}, mask


def listed(corpus: Corpus, share: float) -> Filtered:
    """Ask for one of a list of values."""
    many = range(17, 17 + max(1, round(share * BUCKETS)))
    return {"bucket": {"$in": [*many]}}, np.isin(corpus.bucket, many)


def joined(corpus: Corpus, share: float) -> Filtered:
    """Ask for both ends of the numbers, by and, or and not."""
    rows = len(corpus.base)
    half = passing(share, rows) / 2
    either = {"$or": [{"number": {"$lt": half}}, {"$not": {"number": {"$lt": rows - half}}}]}
    mask = (corpus.number < half) | (corpus.number >= rows - half)
    return {"$and": [either, {"cluster": {"$exists": True}}]}, mask


def judge(corpus: Corpus, asked: list[int], filtered: Callable[[int], Filtered]) -> tuple[float, set[str]]:
    """Ask each query at defaults; returns the mean recall and the ways. What is called exact has to be."""
    recalls, ways = [], set()
    for query in asked:
        filter_, mask = filtered(query)
        rows = np.flatnonzero(mask)
        hits = corpus.index.search(corpus.queries[query], K, filter=filter_, explain=True)
        found = np.array([int(row) for row in hits.ids], dtype=np.int64)
        assert len(set(found.tolist())) == len(hits) == min(K, len(rows)), filter_
        assert mask[found].all(), filter_
        assert hits.explanation is not None
        assert hits.explanation["matches"] == len(rows)
        assert hits.explanation["exact"] == hits.exact
        if not len(rows):
            continue
        far = 1 - corpus.base[rows].astype(np.float64) @ corpus.queries[query].astype(np.float64)
        distances = 1 - corpus.base[found].astype(np.float64) @ corpus.queries[query].astype(np.float64)
        recall = float((distances <= np.sort(far)[len(found) - 1] + 1e-7).mean())
        assert recall == 1.0 or not hits.exact, filter_
        recalls.append(recall)
        ways.add(str(hits.explanation["path"]))
    return float(np.mean(recalls)), ways


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("form", [equality, ranged, listed, joined], ids=lambda form: form.__name__)
def test_recall_holds_however_few_rows_pass(
    corpus: Corpus, form: Callable[[Corpus, float], Filtered], share: float
) -> None:
    filter_, mask = form(corpus, share)
    assert 0 < mask.sum() < len(mask)
    recall, ways = judge(corpus, [*range(len(corpus.queries))][:200], lambda _: (filter_, mask))
    print(f"{form.__name__} {share:.2%}: recall {recall:.4f}, {', '.join(sorted(ways))}")
    assert recall >= LEAST
    if share <= 0.001:
        assert (recall, ways) == (1.0, {"exact"})


def test_recall_holds_among_the_rows_of_the_querys_own_package(corpus: Corpus) -> None:
    package = np.asarray(corpus.package)

    def own(query: int) -> Filtered:
        return {"package": corpus.packages[query]}, package == corpus.packages[query]

    recall, ways = judge(corpus, [*range(len(corpus.queries))][:200], own)
    print(f"same package: recall {recall:.4f}, {', '.join(sorted(ways))}")
    assert recall >= LEAST


@pytest.mark.parametrize("inside", [True, False], ids=["within", "without"])
def test_recall_holds_within_the_querys_neighbourhood_and_without_it(corpus: Corpus, *, inside: bool) -> None:
    def around(query: int) -> Filtered:
        near = corpus.near[query].tolist()
        mask = np.isin(corpus.cluster, near)
        return ({"cluster": {"$in": near}}, mask) if inside else ({"cluster": {"$nin": near}}, ~mask)

    recall, ways = judge(corpus, [*range(len(corpus.queries))][:200], around)
    print(f"neighbourhood, {inside=}: recall {recall:.4f}, {', '.join(sorted(ways))}")
    assert recall >= LEAST


@pytest.mark.parametrize("excluded", [0.02, 0.1, 0.5])
def test_recall_holds_where_the_nearest_rows_are_excluded(corpus: Corpus, excluded: float) -> None:
    """Each query excludes its own nearest rows: the graph leads to where nothing passes."""
    nearest = corpus.queries[:100] @ corpus.base.T
    many = min(round(excluded * len(corpus.base)), 9_999)

    def beyond(query: int) -> Filtered:
        out = np.argpartition(-nearest[query], many)[:many]
        mask = np.ones(len(corpus.base), dtype=bool)
        mask[out] = False
        return {"$not": {"number": {"$in": corpus.number[out].tolist()}}}, mask

    recall, ways = judge(corpus, [*range(100)], beyond)
    print(f"without the nearest {many:,}: recall {recall:.4f}, {', '.join(sorted(ways))}")
    assert recall >= LEAST
