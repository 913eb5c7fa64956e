"""The vectors that are measured, and what the exact answers are.

VECTORD_DATA names a directory with `minilm-40k.f16.npy` (text embeddings, cosine) and `sift-80k.u8.npy`
(image descriptors, euclidean). Without it a seeded clustered set stands in: it shows that things work, not
how fast. The others are always made: wide embeddings and three hostile sets, from fixed seeds.
VECTORD_BENCH_ROWS keeps only so many base rows; VECTORD_BENCH_CACHE is a directory that remembers exact
answers.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

K = 10
QUERIES = 1_000
MADE = 40_000
COPIES = 5_000
FILES = {"minilm": "minilm-40k.f16.npy", "sift": "sift-80k.u8.npy"}
WHAT = {
    "minilm": "all-MiniLM-L6-v2 embeddings of English paragraphs",
    "sift": "SIFT descriptors of photographs",
    "clustered": "200 gaussian clusters, seeded: not real data",
    "wide": "made embeddings: a seeded mixture of 32 intrinsic dimensions, bent into 768",
    "outliers": "hostile: made embeddings, four of whose dimensions are 100 times larger",
    "copies": "hostile: 5,000 copies of one vector among the rows",
    "copies-twin": "the same rows without the copies",
    "sorted": "hostile: rows sorted by cluster, added 1,000 at a time",
    "sorted-twin": "the same rows shuffled, added at once",
}
HOSTILE = ("outliers", "copies", "sorted")
Rows = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]
Distance = Literal["cosine", "euclidean"]


@dataclass(frozen=True)
class Dataset:
    """Base rows and held-out queries, float32, and the distance that suits them."""

    name: str
    distance: Distance
    base: Rows
    queries: Rows
    # How many rows arrive at a time; all at once, if 0.
    batch: int = 0

    def arrivals(self) -> list[Rows]:
        """Return the base rows as they arrive."""
        size = self.batch or len(self.base)
        return [self.base[start : start + size] for start in range(0, len(self.base), size)]

    def exact(self) -> npt.NDArray[np.float64]:
        """Return each query's tenth smallest distance: float32 finds candidates, float64 decides."""
        folder = os.environ.get("VECTORD_BENCH_CACHE")
        file = Path(folder or "/nonexistent") / f"{self.name}-{len(self.base)}.tenth.npy"
        if file.exists():
            return np.asarray(np.load(file))
        tenth = np.empty(len(self.queries))
        for start in range(0, len(self.queries), 100):
            block = self.queries[start : start + 100]
            near = block @ self.base.T
            if self.distance == "euclidean":
                near = near - 0.5 * np.square(self.base).sum(1)
            else:
                near = near / np.linalg.norm(self.base, axis=1)
            candidates = np.argpartition(-near, 4 * K, axis=1)[:, : 4 * K]
            tenth[start : start + 100] = np.sort(self.distances(candidates, start), axis=1)[:, K - 1]
        if folder:
            np.save(file, tenth)
        return tenth

    def distances(self, found: Ids, start: int = 0) -> npt.NDArray[np.float64]:
        """Return float64 distances between the queries from `start` on and the rows `found` for each."""
        rows = self.base[found].astype(np.float64)
        queries = self.queries[start : start + len(found), None].astype(np.float64)
        if self.distance == "euclidean":
            return np.asarray(np.sqrt(np.square(rows - queries).sum(2)))
        lengths = np.linalg.norm(rows, axis=2) * np.linalg.norm(queries, axis=2)
        return np.asarray(1 - (rows * queries).sum(2) / lengths)

    def recall(self, found: Ids, tenth: npt.NDArray[np.float64]) -> float:
        """Return the share of `found` no farther than the true tenth; equally far rows count, repeats don't.

        An id below zero stands for a neighbour that was not found.
        """
        near = self.distances(found) <= tenth[:, None] * (1 + 1e-9) + 1e-9
        order = np.sort(np.where(near & (found >= 0), found, -1), axis=1)
        distinct = np.diff(order, axis=1, prepend=-1) > 0
        return float(distinct.sum() / found.size)


def names() -> list[str]:
    """List the datasets there are."""
    real = [*FILES] if "VECTORD_DATA" in os.environ else ["clustered"]
    return [*real, "wide", *HOSTILE]


def unit(rows: Rows) -> Rows:
    """Return the rows, each divided by its length."""
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True), dtype=np.float32)


def embeddings(count: int, dimension: int) -> tuple[Rows, Ids]:
    """Make unit rows that lie as embeddings do, near a bent surface of few dimensions, and their clusters."""
    rng = np.random.default_rng(4)
    hidden, clusters = 32, 400
    centres = rng.standard_normal((clusters, hidden), dtype=np.float32)
    inward = rng.standard_normal((hidden, 4 * hidden), dtype=np.float32) / np.float32(np.sqrt(hidden))
    outward = rng.standard_normal((4 * hidden, dimension), dtype=np.float32) / np.float32(np.sqrt(4 * hidden))
    cluster = rng.integers(0, clusters, count)
    latent = centres[cluster] + np.float32(0.6) * rng.standard_normal((count, hidden), dtype=np.float32)
    noise = np.float32(0.05) * rng.standard_normal((count, dimension), dtype=np.float32)
    return unit(np.tanh(latent @ inward) @ outward + noise), cluster


def hostile(name: str, rows: int) -> Dataset:
    """Make a hostile set, or the peaceful twin that it is compared with."""
    vectors, cluster = embeddings(rows + QUERIES, 128)
    base, queries = vectors[:-QUERIES], vectors[-QUERIES:]
    if name == "outliers":
        scale = np.ones(128, dtype=np.float32)
        scale[[3, 40, 77, 101]] = 100
        return Dataset(name, "euclidean", base * scale, queries * scale)
    if name == "sorted":
        order = np.argsort(cluster[:-QUERIES], kind="stable")
        return Dataset(name, "cosine", base[order], queries, batch=1_000)
    if name == "sorted-twin":
        return Dataset(name, "cosine", base, queries)
    copies = rows * COPIES // MADE
    alone = base[copies:]
    if name == "copies-twin":
        return Dataset(name, "cosine", alone, queries)
    mixed = np.concatenate([np.repeat(alone[:1], copies, axis=0), alone])
    return Dataset(name, "cosine", mixed[np.random.default_rng(5).permutation(rows)], queries)


def copied(dataset: Dataset) -> tuple[Rows, Ids]:
    """Return the vector that "copies" has many times, and the rows that hold it."""
    rows, first, counts = np.unique(dataset.base, axis=0, return_index=True, return_counts=True)
    most = int(np.argmax(counts))
    return dataset.base[first[most]], np.flatnonzero((dataset.base == rows[most]).all(1))


def load(name: str) -> Dataset:
    """Read or make a dataset; the last 1,000 rows are the queries."""
    limit = int(os.environ.get("VECTORD_BENCH_ROWS", "0"))
    if name.partition("-")[0] in HOSTILE:
        return hostile(name, limit or MADE)
    rows: npt.NDArray[Any]
    if name == "wide":
        rows = embeddings((limit or MADE) + QUERIES, 768)[0]
    elif name == "clustered":
        rng = np.random.default_rng(0)
        centres = rng.standard_normal((200, 128))
        rows = centres[rng.integers(0, 200, 21_000)] + 0.4 * rng.standard_normal((21_000, 128))
    else:
        rows = np.load(Path(os.environ["VECTORD_DATA"]) / FILES[name])
    floats: Rows = np.ascontiguousarray(rows, dtype=np.float32)
    base = floats[:-QUERIES]
    return Dataset(
        name, "euclidean" if name == "sift" else "cosine", base[: limit or len(base)], floats[-QUERIES:]
    )
