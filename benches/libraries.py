"""vectord and most of its peers behind the interface of library.py, and the table of all.

vectord stands on a directory, with string ids and default parameters: its rows are durable when `add`
returns. The others are in memory, with integer ids.
"""

from __future__ import annotations

import importlib
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from faiss_library import Faiss, FaissSq
from library import EF_CONSTRUCTION, Library, M
from svs_library import Svs, SvsF16, SvsLvq4x8, SvsLvq8

if TYPE_CHECKING:
    from collections.abc import Callable

    from data import Ids, Rows


class Vectord(Library):
    """vectord, durable, with string ids; VECTORD_THREADS holds it to the threads."""

    def create(self, _capacity: int) -> Any:  # noqa: ANN401
        """Open the store, and the index if it is there."""
        import vectord

        self.registry, self.rows = vectord.open(self.folder), 0
        return self.registry.get_or_create("bench", self.dimension, distance=self.distance)

    def add(self, rows: Rows) -> None:
        """Upsert rows."""
        self.index.add([str(row) for row in range(self.rows, self.rows + len(rows))], rows)
        self.rows += len(rows)

    def attached(self) -> None:
        """Wait: the digest needs every row attached."""
        self.index.stats()

    def search(self, k: int, effort: int | None) -> Callable[[Rows], Any]:
        """Search one row or many."""
        return partial(self.index.search, k=k, ef=effort)

    def exact(self, k: int) -> Callable[[Rows], Any]:
        """Compare every row."""
        return partial(self.index.search, k=k, exact=True)

    def ids(self, answer: Any) -> Ids:  # noqa: ANN401
        """Read the ids."""
        return np.asarray(answer.ids).astype(np.int64)

    def save(self) -> None:
        """Write a snapshot, and close."""
        self.index.checkpoint()
        self.registry.close()

    def load(self) -> None:
        """Do nothing: opening the store has read it."""


class Hnswlib(Library):
    """hnswlib; capacity is given beforehand, as it wants."""

    def create(self, capacity: int) -> Any:  # noqa: ANN401
        """Make room."""
        import hnswlib

        space = {"cosine": "cosine", "euclidean": "l2"}[self.distance]
        index = hnswlib.Index(space=space, dim=self.dimension)
        if capacity:
            index.init_index(max_elements=capacity, M=M, ef_construction=EF_CONSTRUCTION, random_seed=100)
            index.set_num_threads(self.threads)
        return index

    def add(self, rows: Rows) -> None:
        """Add rows."""
        self.index.add_items(rows, num_threads=self.threads)

    def search(self, k: int, effort: int | None) -> Callable[[Rows], Any]:
        """Search; `ef` is set on the index, and its default is 10."""
        if effort is not None:
            self.index.set_ef(effort)
        return partial(self.index.knn_query, k=k, num_threads=self.threads)

    def save(self) -> None:
        """Write a file."""
        self.index.save_index(f"{self.folder}/index")

    def load(self) -> None:
        """Read it."""
        self.index.load_index(f"{self.folder}/index")


class Usearch(Library):
    """usearch in float32."""

    effort = "expansion_search"
    dtype = "f32"
    scale = np.float32(1)

    def create(self, _capacity: int) -> Any:  # noqa: ANN401
        """Make it."""
        return importlib.import_module("usearch.index").Index(
            ndim=self.dimension,
            metric={"cosine": "cos", "euclidean": "l2sq"}[self.distance],
            dtype=self.dtype,
            connectivity=M,
            expansion_add=EF_CONSTRUCTION,
        )

    def add(self, rows: Rows) -> None:
        """Add rows."""
        first = len(self.index)
        self.index.add(np.arange(first, first + len(rows)), self.form(rows), threads=self.threads)

    def search(self, k: int, effort: int | None) -> Callable[[Rows], Any]:
        """Search."""
        if effort is not None:
            self.index.expansion_search = effort
        return partial(self.index.search, count=k, threads=self.threads)

    def ids(self, answer: Any) -> Ids:  # noqa: ANN401
        """Read the keys."""
        return np.asarray(answer.keys).astype(np.int64)

    def save(self) -> None:
        """Write a file."""
        self.index.save(f"{self.folder}/index")

    def load(self) -> None:
        """Read it into memory."""
        self.index.load(f"{self.folder}/index")


class UsearchI8(Usearch):
    """usearch in int8, which it makes of components in -1..1: euclidean rows are scaled into that before."""

    dtype = "i8"

    def add(self, rows: Rows) -> None:
        """Choose the scale by the first rows."""
        if self.distance == "euclidean" and not len(self.index):
            self.scale = np.float32(1 / np.abs(rows).max())
        super().add(rows)

    def form(self, queries: Rows) -> Rows:
        """Scale."""
        return np.asarray(queries * self.scale, dtype=np.float32)


class Voyager(Library):
    """voyager in float32."""

    effort = "query_ef"

    def create(self, capacity: int) -> Any:  # noqa: ANN401
        """Make it."""
        self.voyager = voyager = importlib.import_module("voyager")
        space = {"cosine": voyager.Space.Cosine, "euclidean": voyager.Space.Euclidean}[self.distance]
        return voyager.Index(
            space, self.dimension, M=M, ef_construction=EF_CONSTRUCTION, max_elements=max(capacity, 1)
        )

    def add(self, rows: Rows) -> None:
        """Add rows."""
        self.index.add_items(rows, num_threads=self.threads)

    def search(self, k: int, effort: int | None) -> Callable[[Rows], Any]:
        """Search."""
        return partial(self.index.query, k=k, num_threads=self.threads, query_ef=effort or -1)

    def save(self) -> None:
        """Write a file."""
        self.index.save(f"{self.folder}/index")

    def load(self) -> None:
        """Read it."""
        self.index = self.voyager.Index.load(f"{self.folder}/index")


LIBRARIES: dict[str, type[Library]] = {
    "vectord": Vectord,
    "hnswlib": Hnswlib,
    "faiss": Faiss,
    "faiss-sq8": FaissSq,
    "usearch": Usearch,
    "usearch-i8": UsearchI8,
    "voyager": Voyager,
    "svs": Svs,
    "svs-f16": SvsF16,
    "svs-lvq8": SvsLvq8,
    "svs-lvq4x8": SvsLvq4x8,
}
