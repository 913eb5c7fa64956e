"""Index the documentation of this Python, ask five questions, serve the same store, ask again."""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import vectord
from vectord.demo import ask, corpus
from vectord.demo.embed import DIMENSION, Embedder
from vectord.demo.progress import progress
from vectord.demo.serve import serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

BATCH = 1_000


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print what is being done, then how long it took; progress shows on the line between."""
    print(f"{what} ...", flush=True)
    begun = time.perf_counter()
    yield
    print(f"  {time.perf_counter() - begun:.1f} s")


def opened(registry: vectord.Registry, rows: Sequence[corpus.Row]) -> tuple[vectord.Index, str]:
    """Open or create the index; one made from another Python's documentation is dropped first."""
    if ask.NAME in registry.names():
        index = registry.get(ask.NAME)
        if len(index) == len(rows) and all(row.id in index for row in rows):
            return index, f"re-using the index {ask.NAME}: its rows are upserted"
        registry.delete(ask.NAME)
        why = f"re-creating the index {ask.NAME}: it held the documentation of another Python"
    else:
        why = f"creating the index {ask.NAME}"
    return registry.create(ask.NAME, dimension=DIMENSION, distance="cosine"), why


def fill(index: vectord.Index, rows: Sequence[corpus.Row], vectors: npt.NDArray[np.float32]) -> None:
    """Add the rows in batches; each is on disk when its call returns."""
    for start in progress("adding batches", range(0, len(rows), BATCH)):
        batch = rows[start : start + BATCH]
        index.add([row.id for row in batch], vectors[start : start + BATCH], [row.metadata for row in batch])


def recall(index: vectord.Index, queries: npt.NDArray[np.float32]) -> float:
    """Measure recall@10: the share of answers no farther than the tenth of the exact search (ties count)."""
    found = index.search(queries, k=ask.K).distances
    exact = index.search(queries, k=ask.K, exact=True).distances
    return float((found <= exact[:, -1:] + 1e-6).mean())


def main() -> int:
    """Run the demo; any promise that does not hold ends it with a sentence and status 1."""
    parser = argparse.ArgumentParser(prog="python -m vectord.demo", description=__doc__)
    parser.add_argument(
        "--store", default="./vectors", help="the directory to index into (default: %(default)s)"
    )
    store: str = parser.parse_args().store
    begun = time.perf_counter()

    with timed("reading the documentation of Python's standard library"):
        rows = corpus.rows()
    with timed(f"embedding {len(rows)} texts (TF-IDF and SVD, {DIMENSION} dimensions)"):
        embedder = Embedder()
        vectors = embedder.fit([row.text for row in rows])
        queries = embedder.embed(list(ask.QUESTIONS))

    # One process may write an index at a time, so this one closes before the service opens the same store.
    with vectord.open(store) as registry:
        index, how = opened(registry, rows)
        print(how)
        with timed(f"adding {len(rows)} rows, {BATCH} at a time"):
            fill(index, rows, vectors)
        answers = ask.in_process(index, queries)
        sample = vectors[np.random.default_rng(0).choice(len(rows), 200, replace=False)]
        measured = recall(index, sample)

    with serving(store) as url:
        if ask.over_http(url, queries) != answers:
            raise SystemExit("the service answered with other ids than this process")
        print(f"\nvectord serve on {url} gave the same ids to all {len(answers)} questions.")

    size = sum(file.stat().st_size for file in Path(store).rglob("*") if file.is_file())
    print(f"""
{len(rows)} rows of {DIMENSION} dimensions in {store}: {size / 2**20:.1f} MiB on disk,
recall@10 {measured:.3f} on {len(sample)} rows, {time.perf_counter() - begun:.0f} s in all. Go on with

  make serve                                          # or: vectord serve --store {store}
  curl http://127.0.0.1:3215/vectors/index/{ask.NAME}

or, in Python,

  import vectord
  docs = vectord.open("{store}").get("{ask.NAME}")
  docs.search(id="gzip.compress", k=5).metadata""")
    return 0


if __name__ == "__main__":
    sys.exit(main())
