"""The small interface behind which every library is measured by the same lines.

Each peer has M=16 and efConstruction=200, or what is the same in a Vamana graph: degree 32, window 200. What
differs between libraries beyond their calls is said in their classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from data import Distance, Ids, Rows

M = 16
EF_CONSTRUCTION = 200


class Library:
    """An index under measurement: `__init__`, `add` once or more, `attached`, then searches and `save`."""

    # The parameter that is swept.
    effort = "ef"

    def __init__(self, distance: Distance, dimension: int, capacity: int, threads: int, folder: str) -> None:
        """Make an empty index; `folder` is an empty directory, for those who live in one."""
        self.distance, self.dimension, self.threads, self.folder = distance, dimension, threads, folder
        self.index = self.create(capacity)

    def create(self, capacity: int) -> Any:  # noqa: ANN401 - the library's own
        """Return the library's index."""
        raise NotImplementedError

    def add(self, rows: Rows) -> None:
        """Add rows; they are numbered as they come."""
        raise NotImplementedError

    def attached(self) -> None:
        """Wait until every row is in the graph."""

    def form(self, queries: Rows) -> Rows:
        """Return queries as the library wants them; not timed."""
        return queries

    def one(self, query: Rows) -> Rows:
        """Return a single query in the form that the library is fastest with; not timed."""
        return query

    def search(self, k: int, effort: int | None) -> Callable[[Rows], Any]:
        """Return the call that answers one query; None leaves the library's default effort."""
        raise NotImplementedError

    def batch(self, k: int, effort: int | None) -> Callable[[Rows], Any]:
        """Return the call that answers many queries, with all threads."""
        return self.search(k, effort)

    def ids(self, answer: Any) -> Ids:  # noqa: ANN401 - the library's own
        """Return the row numbers of an answer; not timed."""
        return np.asarray(answer[0]).astype(np.int64)

    def save(self) -> None:
        """Write the index into the folder, and close it."""
        raise NotImplementedError

    def load(self) -> None:
        """Read what was saved, in another process."""
        raise NotImplementedError
