"""The vectors that are measured, and what the exact answers are.

VECTORD_DATA names a directory with `minilm-40k.f16.npy` (text embeddings, cosine) and `sift-80k.u8.npy`
(image descriptors, euclidean). Without it a seeded clustered set stands in: it shows that things work, not
how fast.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

K = 10
QUERIES = 1_000
Rows = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Dataset:
    """Base rows and held-out queries, float32, and the distance that suits them."""

    name: str
    distance: Literal["cosine", "euclidean"]
    base: Rows
    queries: Rows

    def exact(self) -> npt.NDArray[np.float64]:
        """Return each query's tenth smallest distance: float32 finds candidates, float64 decides."""
        tenth = np.empty(len(self.queries))
        for start in range(0, len(self.queries), 100):
            block = self.queries[start : start + 100]
            near = block @ self.base.T
            if self.distance == "euclidean":
                near = near - 0.5 * np.square(self.base).sum(1)
            candidates = np.argpartition(-near, 4 * K, axis=1)[:, : 4 * K]
            tenth[start : start + 100] = np.sort(self.distances(candidates, start), axis=1)[:, K - 1]
        return tenth

    def distances(self, found: npt.NDArray[np.int64], start: int = 0) -> npt.NDArray[np.float64]:
        """Return float64 distances between the queries from `start` on and the rows `found` for each."""
        rows = self.base[found].astype(np.float64)
        queries = self.queries[start : start + len(found), None].astype(np.float64)
        if self.distance == "euclidean":
            return np.asarray(np.sqrt(np.square(rows - queries).sum(2)))
        lengths = np.linalg.norm(rows, axis=2) * np.linalg.norm(queries, axis=2)
        return np.asarray(1 - (rows * queries).sum(2) / lengths)

    def recall(self, found: npt.NDArray[np.int64], tenth: npt.NDArray[np.float64]) -> float:
        """Return the share of `found` no farther than the true tenth; equally far rows count."""
        return float((self.distances(found) <= tenth[:, None] * (1 + 1e-9) + 1e-9).mean())


def names() -> list[str]:
    """List the datasets there are."""
    return ["minilm", "sift"] if "VECTORD_DATA" in os.environ else ["clustered"]


def load(name: str) -> Dataset:
    """Read or make a dataset; the last 1,000 rows are the queries."""
    if name == "clustered":
        rng = np.random.default_rng(0)
        centres = rng.standard_normal((200, 128))
        rows = centres[rng.integers(0, 200, 21_000)] + 0.4 * rng.standard_normal((21_000, 128))
    else:
        file = {"minilm": "minilm-40k.f16.npy", "sift": "sift-80k.u8.npy"}[name]
        rows = np.load(Path(os.environ["VECTORD_DATA"]) / file)
    floats: Rows = np.ascontiguousarray(rows, dtype=np.float32)
    distance: Literal["cosine", "euclidean"] = "euclidean" if name == "sift" else "cosine"
    return Dataset(name, distance, floats[:-QUERIES], floats[-QUERIES:])
