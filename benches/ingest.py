"""Adds beside searches, and adds beside coder/hnsw: `python benches/ingest.py PROBE [STORE]`.

`loaded` searches on one thread, quiet and while another thread adds 2,000 rows a second; `adds STORE` adds
rows of 768 components to an index of 20,000, in batches of 16, 128 and 1,024, as benches/coder_hnsw does in
Go.
"""

from __future__ import annotations

import gc
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from data import K, embeddings, load, names

if TYPE_CHECKING:
    from data import Rows

    from vectord import Index

# On the disk that the project is on: /tmp may be memory.
DISK = Path(__file__).parents[1] / "target"
CYCLES, SECONDS = 3, 3.0
EVERY, BATCH = 0.1, 200
SIZES = (16, 128, 1024)
ADDED = 2_048
BASE, DIMENSION = 20_000, 768


def ids(start: int, count: int) -> list[str]:
    """Return the ids of rows."""
    return [str(row) for row in range(start, start + count)]


class Feeder(threading.Thread):
    """Adds a batch every tenth of a second until told to stop."""

    def __init__(self, index: Index, rows: Rows, start: int) -> None:
        """Begin with row `start`."""
        super().__init__()
        self.index, self.rows, self.start_row, self.late, self.over = index, rows, start, 0.0, False

    def run(self) -> None:
        """Add."""
        due = time.perf_counter()
        while not self.over:
            part = self.rows[self.start_row : self.start_row + BATCH]
            self.index.add(ids(self.start_row, len(part)), part)
            self.start_row += len(part)
            due += EVERY
            self.late = max(self.late, time.perf_counter() - due)
            time.sleep(max(0.0, due - time.perf_counter()))


def latencies(index: Index, queries: Rows, seconds: float) -> list[float]:
    """Search one by one for so long; returns the median, 99th percentile and worst time in microseconds."""
    clock, times, end = time.perf_counter_ns, list[int](), time.perf_counter() + seconds
    while time.perf_counter() < end:
        for query in queries[:100]:
            begun = clock()
            index.search(query, k=K)
            times.append(clock() - begun)
    return [float(value) / 1e3 for value in np.percentile(times, [50, 99, 100])]


def loaded() -> dict[str, Any]:
    """Alternate quiet and loaded seconds; the median of the cycles."""
    import vectord

    dataset = load(names()[0])
    # Half of the rows at most arrive while it is measured.
    seconds = min(SECONDS, (len(dataset.base) / 2 / CYCLES / BATCH - 2) * EVERY)
    if seconds < EVERY:
        raise SystemExit("too few rows to add 2,000 a second")
    at = len(dataset.base) - CYCLES * int(seconds / EVERY + 2) * BATCH
    quiet, busy, late, rates = list[list[float]](), list[list[float]](), 0.0, list[float]()
    with tempfile.TemporaryDirectory(dir=DISK) as folder, vectord.open(folder) as registry:
        index = registry.create("bench", dimension=dataset.base.shape[1], distance=dataset.distance)
        index.add(ids(0, at), dataset.base[:at])
        index.stats()
        latencies(index, dataset.queries, 0.5)
        for _ in range(CYCLES):
            quiet.append(latencies(index, dataset.queries, seconds))
            feeder = Feeder(index, dataset.base, at)
            begun = time.perf_counter()
            feeder.start()
            busy.append(latencies(index, dataset.queries, seconds))
            feeder.over = True
            feeder.join()
            rates.append((feeder.start_row - at) / (time.perf_counter() - begun))
            at, late = feeder.start_row, max(late, feeder.late)
            index.stats()

    def medians(runs: list[list[float]]) -> dict[str, float]:
        return {
            key: statistics.median(run[part] for run in runs)
            for part, key in enumerate(("p50", "p99", "worst"))
        }

    return {"quiet": medians(quiet), "busy": medians(busy), "late_ms": late * 1e3, "rate": min(rates)}


def adds(store: str) -> dict[str, Any]:
    """Add batches to 20,000 rows: microseconds per row until `add` returned, and until all were attached."""
    import vectord

    rows = embeddings(BASE + len(SIZES) * ADDED, DIMENSION)[0]
    told = dict[str, Any]()
    with (
        tempfile.TemporaryDirectory(dir=DISK) as folder,
        vectord.open("memory:" if store == "memory" else folder) as registry,
    ):
        index = registry.create("bench", dimension=DIMENSION)
        index.add(ids(0, BASE), rows[:BASE])
        index.stats()
        at = BASE
        for size in SIZES:
            begun = time.perf_counter()
            for start in range(at, at + ADDED, size):
                index.add(ids(start, size), rows[start : start + size])
            returned = time.perf_counter() - begun
            index.stats()
            attached = time.perf_counter() - begun
            told[str(size)] = {"returned": returned / ADDED * 1e6, "attached": attached / ADDED * 1e6}
            at += ADDED
    return told


def rows_for_go(file: str) -> dict[str, Any]:
    """Write the rows of `adds` as raw little-endian float32."""
    embeddings(BASE + len(SIZES) * ADDED, DIMENSION)[0].astype("<f4").tofile(file)
    return {"dimension": DIMENSION, "base": BASE, "added": ADDED, "sizes": SIZES}


PROBES = {"loaded": loaded, "adds": adds, "rows": rows_for_go}

if __name__ == "__main__":
    gc.disable()
    if sys.argv[1] == "adds":
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    print(json.dumps(PROBES[sys.argv[1]](*sys.argv[2:])))  # type: ignore[operator]
