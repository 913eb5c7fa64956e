"""vectord and hnswlib behind one small interface, so that both are measured by the same lines.

vectord stands on a directory, with string ids: its rows are durable when `build` ends. hnswlib has
neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from data import Dataset, Rows

M = 16
EF_CONSTRUCTION = 200


class Library(Protocol):
    """An index under measurement."""

    def build(self) -> None:
        """Index every base row, on all cores."""

    def search(self, query: Rows, k: int, ef: int | None) -> npt.NDArray[np.int64]:
        """Return the k nearest rows of one query, on the calling thread; `ef` None is the default."""


class Vectord:
    """vectord, durable, with string ids."""

    def __init__(self, dataset: Dataset, folder: str) -> None:
        """Open a new store in `folder`."""
        import vectord

        self.rows = dataset.base
        self.ids = [str(row) for row in range(len(dataset.base))]
        self.registry = vectord.open(folder)
        self.index = self.registry.create("bench", dimension=self.rows.shape[1], distance=dataset.distance)

    def build(self) -> None:
        """Add everything at once, and wait until every row is attached: the digest needs that."""
        self.index.add(self.ids, self.rows)
        self.index.stats()

    def search(self, query: Rows, k: int, ef: int | None) -> npt.NDArray[np.int64]:
        """Search one query."""
        return np.asarray(self.index.search(query, k=k, ef=ef).ids, dtype=np.int64)


class Hnswlib:
    """hnswlib with its usual parameters."""

    def __init__(self, dataset: Dataset, _folder: str) -> None:
        """Make room for the rows."""
        import hnswlib

        self.rows = dataset.base
        space = {"cosine": "cosine", "euclidean": "l2"}[dataset.distance]
        self.index: Any = hnswlib.Index(space=space, dim=self.rows.shape[1])
        self.index.init_index(
            max_elements=len(self.rows), M=M, ef_construction=EF_CONSTRUCTION, random_seed=100
        )

    def build(self) -> None:
        """Add everything at once."""
        self.index.add_items(self.rows)

    def search(self, query: Rows, k: int, ef: int | None) -> npt.NDArray[np.int64]:
        """Search one query; `ef` is set on the index, and its default is 10."""
        if ef is not None:
            self.index.set_ef(ef)
        labels, _ = self.index.knn_query(query, k=k, num_threads=1)
        return np.asarray(labels[0], dtype=np.int64)


LIBRARIES: dict[str, type[Vectord | Hnswlib]] = {"vectord": Vectord, "hnswlib": Hnswlib}
