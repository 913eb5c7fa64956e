"""Intel SVS (scalable-vs) behind the interface of library.py: Vamana over float32, float16 and LVQ codes.

LVQ runs on Intel's processors only: elsewhere the library ends the process and says so.
"""

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


class Svs(Library):
    """Intel SVS: a static Vamana graph, built when all rows are there; cosine is L2 between unit vectors."""

    effort = "search_window_size"
    element = "float32"

    def create(self, _capacity: int) -> Any:  # noqa: ANN401
        """Only collect rows yet."""
        self.svs: Any = importlib.import_module("svs")
        self.rows: list[Rows] = []

    def add(self, rows: Rows) -> None:
        """Collect rows."""
        self.rows.append(self.form(rows))

    def attached(self) -> None:
        """Build."""
        parameters = self.svs.VamanaBuildParameters(
            graph_max_degree=2 * M, window_size=EF_CONSTRUCTION, alpha=1.2
        )
        data = self.data(np.concatenate(self.rows))
        self.index = self.svs.Vamana.build(
            parameters, data, self.svs.DistanceType.L2, num_threads=self.threads
        )

    def data(self, rows: Rows) -> Any:  # noqa: ANN401
        """Return what the graph is built over."""
        return rows.astype(self.element)

    def form(self, queries: Rows) -> Rows:
        """Make unit vectors for cosine."""
        return unit(queries) if self.distance == "cosine" else queries

    def search(self, k: int, effort: int | None) -> Callable[[Rows], Any]:
        """Search."""
        if effort is not None:
            self.index.search_window_size = effort
        return partial(self.index.search, n_neighbors=k)

    def ids(self, answer: Any) -> Ids:  # noqa: ANN401
        """Take a single answer out of its row."""
        found = np.asarray(answer[0]).astype(np.int64)
        return found[0] if len(found) == 1 else found

    def save(self) -> None:
        """Write three directories."""
        self.index.save(*(f"{self.folder}/{part}" for part in ("config", "graph", "data")))

    def load(self) -> None:
        """Read them."""
        self.index = self.svs.Vamana(
            f"{self.folder}/config",
            self.svs.GraphLoader(f"{self.folder}/graph"),
            self.stored(f"{self.folder}/data"),
            self.svs.DistanceType.L2,
            num_threads=self.threads,
        )

    def stored(self, folder: str) -> Any:  # noqa: ANN401
        """Return the loader of saved vectors."""
        return self.svs.VectorDataLoader(
            folder, getattr(self.svs.DataType, self.element), dims=self.dimension
        )


class SvsF16(Svs):
    """SVS with float16 rows."""

    element = "float16"


class SvsLvq8(Svs):
    """SVS with LVQ compression, eight bits a component."""

    bits = (8, 0)

    def data(self, rows: Rows) -> Any:  # noqa: ANN401
        """Compress, by way of a file, which is what the loader reads while the graph is built."""
        file = f"{self.folder}/rows.fvecs"
        self.svs.write_vecs(rows, file)
        loader = self.svs.VectorDataLoader(file, self.svs.DataType.float32, dims=self.dimension)
        return self.svs.LVQLoader(loader, primary=self.bits[0], residual=self.bits[1], padding=32)

    def stored(self, folder: str) -> Any:  # noqa: ANN401
        """Return the loader of saved vectors."""
        return self.svs.LVQLoader(folder, padding=32)


class SvsLvq4x8(SvsLvq8):
    """SVS with LVQ compression in two levels: four bits to search, eight more to re-rank."""

    bits = (4, 8)
