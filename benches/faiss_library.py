"""faiss-cpu behind the interface of library.py: HNSW over float32 and over eight bits, and the exact scan."""

from __future__ import annotations

import importlib
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from data import unit
from library import EF_CONSTRUCTION, Library, M

if TYPE_CHECKING:
    from collections.abc import Callable

    from data import Ids, Rows


class Faiss(Library):
    """faiss HNSWFlat; cosine is the inner product of unit vectors, made before."""

    effort = "efSearch"

    def create(self, _capacity: int) -> Any:  # noqa: ANN401
        """Make it."""
        self.faiss = faiss = importlib.import_module("faiss")
        faiss.omp_set_num_threads(self.threads)
        metric = faiss.METRIC_L2 if self.distance == "euclidean" else faiss.METRIC_INNER_PRODUCT
        index = self.kind(metric)
        if hasattr(index, "hnsw"):
            index.hnsw.efConstruction = EF_CONSTRUCTION
        return index

    def kind(self, metric: int) -> Any:  # noqa: ANN401
        """Return the index."""
        return self.faiss.IndexHNSWFlat(self.dimension, M, metric)

    def add(self, rows: Rows) -> None:
        """Train where that is needed, and add."""
        rows = self.form(rows)
        if not self.index.is_trained:
            self.index.train(rows)
        self.index.add(rows)

    def form(self, queries: Rows) -> Rows:
        """Make unit vectors for cosine."""
        return unit(queries) if self.distance == "cosine" else queries

    def one(self, query: Rows) -> Rows:
        """Return one row of two dimensions."""
        return query[None]

    def search(self, k: int, effort: int | None) -> Callable[[Rows], Any]:
        """Search."""
        if effort is not None:
            self.index.hnsw.efSearch = effort
        return partial(self.index.search, k=k)

    def ids(self, answer: Any) -> Ids:  # noqa: ANN401
        """Read the ids, which come second."""
        return np.asarray(answer[1])

    def save(self) -> None:
        """Write a file."""
        self.faiss.write_index(self.index, f"{self.folder}/index")

    def load(self) -> None:
        """Read it."""
        self.index = self.faiss.read_index(f"{self.folder}/index")


class FaissSq(Faiss):
    """faiss HNSWSQ, eight bits a component; training is part of the build."""

    def kind(self, metric: int) -> Any:  # noqa: ANN401
        """Return the index."""
        return self.faiss.IndexHNSWSQ(self.dimension, self.faiss.ScalarQuantizer.QT_8bit, M, metric)


class FaissFlat(Faiss):
    """faiss IndexFlat, which is exact."""

    def kind(self, metric: int) -> Any:  # noqa: ANN401
        """Return the index."""
        return self.faiss.IndexFlat(self.dimension, metric)
