"""One measurement per function; peers.py runs each in a process of its own and reads its answer as JSON."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from data import Dataset, K, load
from libraries import LIBRARIES

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt
    from data import Rows
    from library import Library

    from vectord import Index

SECONDS = 3


def made(library: str, dataset: Dataset, folder: str) -> Library:
    """Return a new index for the rows of a dataset, with all cores."""
    base = dataset.base
    cores = os.cpu_count() or 1
    return LIBRARIES[library](dataset.distance, base.shape[1], len(base), cores, folder)


def threads(library: str, name: str) -> dict[str, Any]:
    """Count searches per second from one thread, then from two."""
    dataset = load(name)

    def rate(call: Callable[[Rows], Any], count: int) -> float:
        done = [0] * count
        end = time.perf_counter() + SECONDS

        def run(slot: int) -> None:
            while time.perf_counter() < end:
                for query in dataset.queries[slot * 100 : slot * 100 + 100]:
                    call(query)
                done[slot] += 100

        workers = [threading.Thread(target=run, args=(slot,)) for slot in range(count)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return sum(done) / SECONDS

    with tempfile.TemporaryDirectory() as folder:
        index = made(library, dataset, folder)
        index.add(dataset.base)
        index.attached()
        # A single query needs one thread, and hnswlib is slower with more.
        index.threads = 1
        call = index.search(K, 64)
        rates = [(rate(call, 1), rate(call, 2)) for _ in range(2)]
    return {
        "one": statistics.median(one for one, _ in rates),
        "two": statistics.median(two for _, two in rates),
    }


def longest_gap(busy: Callable[[], bool]) -> float:
    """Beat every half millisecond while `busy`; returns the longest wait between beats, in milliseconds."""
    longest, last = 0.0, time.perf_counter()
    while busy():
        time.sleep(0.0005)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    return longest * 1e3


def spin(seconds: float) -> None:
    """Keep a core busy."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def gil(library: str, _name: str) -> dict[str, Any]:
    """Add 40,000 x 384 while another thread beats; the floor is that beat beside busy processes."""
    rows = np.random.default_rng(0).standard_normal((40_000, 384), dtype=np.float32)
    dataset = Dataset("made", "cosine", rows, rows[:0])
    spinners = [multiprocessing.Process(target=spin, args=(3.0,)) for _ in range(os.cpu_count() or 1)]
    for spinner in spinners:
        spinner.start()
    floor = longest_gap(lambda: any(spinner.is_alive() for spinner in spinners))
    with tempfile.TemporaryDirectory() as folder:
        index = made(library, dataset, folder)

        def build() -> None:
            index.add(rows)
            index.attached()

        adding = threading.Thread(target=build)
        adding.start()
        gap = longest_gap(adding.is_alive)
        adding.join()
    return {"gap_ms": gap, "floor_ms": floor}


def importing(library: str, _name: str) -> dict[str, Any]:
    """Import the package, numpy being there already."""
    begun = time.perf_counter()
    __import__(library)
    return {"ms": (time.perf_counter() - begun) * 1e3}


def labelled(dataset: Dataset) -> tuple[list[str], list[dict[str, Any]]]:
    """Make a string id and some metadata for each row."""
    ids = [f"row-{row:07d}" for row in range(len(dataset.base))]
    return ids, [{"row": row, "section": f"s{row % 40}"} for row in range(len(dataset.base))]


def on_disk(folder: str) -> int:
    """Return the bytes of every file below `folder`."""
    return sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())


def appended(_library: str, name: str) -> dict[str, Any]:
    """Add 100 rows to an index of all the others: bytes written over bytes given."""
    import vectord

    dataset = load(name)
    ids, metadata = labelled(dataset)
    with tempfile.TemporaryDirectory() as folder, vectord.open(folder) as registry:
        index = registry.create("bench", dimension=dataset.base.shape[1], distance=dataset.distance)
        index.add(ids[:-100], dataset.base[:-100], metadata[:-100])
        index.flush()
        before = on_disk(folder)
        index.add(ids[-100:], dataset.base[-100:], metadata[-100:])
        written = on_disk(folder) - before
    texts = sum(map(len, ids[-100:])) + sum(
        len(json.dumps(m, separators=(",", ":"))) for m in metadata[-100:]
    )
    return {"written": written, "given": dataset.base[-100:].nbytes + texts}


def answers(index: Index, queries: Rows) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.float32]]:
    """Return the ids and distances of every query, asked one by one when every row is attached."""
    index.stats()
    hits = [index.search(query, k=K) for query in queries]
    return np.stack([hit.ids.astype(str) for hit in hits]), np.stack([hit.distances for hit in hits])


def write_and_die(folder: str, name: str) -> None:
    """Add everything in acknowledged batches of 1,000, note the answers beside the store, and be killed."""
    import vectord

    dataset = load(name)
    ids, metadata = labelled(dataset)
    index = vectord.open(f"{folder}/store").create(
        "bench", dimension=dataset.base.shape[1], distance=dataset.distance
    )
    for start in range(0, len(ids), 1_000):
        part = slice(start, start + 1_000)
        index.add(ids[part], dataset.base[part], metadata[part])
    ids_found, distances = answers(index, dataset.queries)
    np.savez(f"{folder}/before.npz", ids=ids_found, distances=distances)
    os.kill(os.getpid(), signal.SIGKILL)


def killed(_library: str, name: str) -> dict[str, Any]:
    """Kill a writer by SIGKILL and open its store: the same ids, the same distances, and the recall."""
    import vectord

    dataset = load(name)
    tenth = dataset.exact()
    with tempfile.TemporaryDirectory() as folder:
        writer = multiprocessing.get_context("spawn").Process(target=write_and_die, args=(folder, name))
        writer.start()
        writer.join()
        before = np.load(f"{folder}/before.npz")
        begun = time.perf_counter()
        with vectord.open(f"{folder}/store") as registry:
            index = registry.get("bench")
            index.search(dataset.queries[0], k=K)
            opened = time.perf_counter() - begun
            ids, distances = answers(index, dataset.queries)
            exact = index.search(dataset.queries, k=K, exact=True).ids
    numbers = [np.char.replace(found.astype(str), "row-", "").astype(np.int64) for found in (ids, exact)]
    return {
        "same_ids": bool((before["ids"] == ids).all()),
        "same_distances": bool((before["distances"] == distances).all()),
        "open_seconds": opened,
        "recall": dataset.recall(numbers[0], tenth),
        "exact_recall": dataset.recall(numbers[1], tenth),
    }


PROBES = {probe.__name__: probe for probe in (threads, gil, importing, appended, killed)}

if __name__ == "__main__":
    print(json.dumps(PROBES[sys.argv[1]](sys.argv[2], sys.argv[3])))
