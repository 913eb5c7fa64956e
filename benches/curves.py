"""What one library does on one dataset: `python benches/curves.py PROBE LIBRARY DATASET THREADS FOLDER`.

peers.py runs each in a process of its own. With one thread the process is held to one core, so that no
library gets help. The time of a search is that of the call alone: queries are in the library's form before,
and ids are read out of the answers after.
"""

from __future__ import annotations

import gc
import json
import os
import re
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from data import K, copied, load
from faiss_library import FaissFlat
from libraries import LIBRARIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from data import Dataset, Rows
    from library import Library

    Call = Callable[[Rows], Any]

EFFORTS = [10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320, 448, 640]
ENOUGH = 0.995
PASSES = 3
# From here on a sweep ends where the recall hardly grows: codes without re-ranking stop short of it.
LONG, GAIN = 112, 0.002
TWIN_EFFORT = 64


def resident() -> dict[str, float]:
    """Return this process's resident MiB, anonymous and backed by files."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    found = dict(re.findall(r"Rss(Anon|File):\s+(\d+) kB", status))
    return {"anonymous": int(found["Anon"]) / 1024, "file": int(found["File"]) / 1024}


def mean_us(call: Call, queries: list[Rows]) -> tuple[float, list[Any]]:
    """Return the mean time of a call over the queries, and the answers."""
    clock, spent, answers = time.perf_counter_ns, 0, []
    for query in queries:
        begun = clock()
        answer = call(query)
        spent += clock() - begun
        answers.append(answer)
    return spent / 1e3 / len(queries), answers


def single(index: Library, call: Call, queries: list[Rows]) -> tuple[float, Any]:
    """Return the mean time of a call, after some to warm up, and the ids found."""
    mean_us(call, queries[:50])
    us, answers = mean_us(call, queries)
    return us, np.stack([index.ids(answer).reshape(-1) for answer in answers])


def per_second(call: Call, queries: Rows) -> tuple[float, Any]:
    """Return queries per second of the whole batch in one call, and the answer."""
    begun = time.perf_counter()
    answer = call(queries)
    return len(queries) / (time.perf_counter() - begun), answer


def built(library: str, dataset: Dataset, threads: int, folder: str) -> tuple[Library, float]:
    """Return an index of the base rows, and the microseconds per row until all were attached."""
    base = dataset.base
    index = LIBRARIES[library](dataset.distance, base.shape[1], len(base), threads, folder)
    begun = time.perf_counter()
    for rows in dataset.arrivals():
        index.add(rows)
    index.attached()
    return index, (time.perf_counter() - begun) / len(base) * 1e6


def floor_us(library: str, dataset: Dataset, threads: int, folder: str) -> float | None:
    """Return the time of a search among one row, which is what a call costs; None where one is too few."""
    Path(folder).mkdir()
    index = LIBRARIES[library](dataset.distance, dataset.base.shape[1], 1, threads, folder)
    formed = singles(index, dataset)
    try:
        index.add(dataset.base[:1])
        index.attached()
        return statistics.median(single(index, index.search(1, 10), formed)[0] for _ in range(PASSES))
    except Exception as error:  # noqa: BLE001 - whatever it raises, it is not worth the whole measurement
        print(f"{library} has no floor: {error}", file=sys.stderr)
        return None


def singles(index: Library, dataset: Dataset) -> list[Rows]:
    """Return the queries in the form that the library takes one by one."""
    return [index.one(query) for query in index.form(dataset.queries)]


def ladder(index: Library, dataset: Dataset, *, singly: bool) -> list[dict[str, Any]]:
    """Sweep the effort until the recall is enough: batches, and single queries if asked.

    The sweep is made several times over and each point is the median, so that what else the machine did
    meanwhile spreads over all points instead of spoiling one. The first point is that of the default effort.
    """
    tenth, queries, formed = dataset.exact(), index.form(dataset.queries), singles(index, dataset)
    points = list[dict[str, Any]]()
    for effort in [None, *EFFORTS]:
        # Now or never: most libraries keep the last effort that was set.
        passes = PASSES if singly and not effort else 0
        default = [single(index, index.search(K, None), formed)[0] for _ in range(passes)]
        answer = index.batch(K, effort)(queries)
        recall = dataset.recall(index.ids(answer), tenth)
        points.append({"effort": effort, "recall": recall, "us": default, "batch": []})
        before = points[-2]["recall"] if effort else 0.0
        if effort and (recall >= ENOUGH or (effort >= LONG and recall - before < GAIN)):
            break
    for _ in range(PASSES):
        for point in points[1:]:
            point["batch"].append(per_second(index.batch(K, point["effort"]), queries)[0])
            if singly:
                us, found = single(index, index.search(K, point["effort"]), formed)
                point["us"].append(us)
                point["recall"] = dataset.recall(found, tenth)
    for point in points:
        point |= {key: statistics.median(point[key]) for key in ("us", "batch") if point[key]}
    return points


def curve(library: str, name: str, threads: int, folder: str) -> dict[str, Any]:
    """Build; with one thread search one by one too, count the floor, and save."""
    dataset = load(name)
    alone = threads == 1
    answer: dict[str, Any] = {"rows": len(dataset.base), "dimension": dataset.base.shape[1]}
    if alone:
        answer["floor_us"] = floor_us(library, dataset, threads, f"{folder}/floor")
        dataset.exact()
    Path(f"{folder}/index").mkdir(exist_ok=True)
    index, answer["build_us"] = built(library, dataset, threads, f"{folder}/index")
    answer["default"], *answer["points"] = ladder(index, dataset, singly=alone)
    exact = getattr(index, "exact", None)
    if exact:
        answer["exact"] = exactly(dataset, exact(K), index)
    if alone:
        index.save()
    return answer


def memory(library: str, name: str, threads: int, folder: str) -> dict[str, Any]:
    """Load what `curve` saved and search it: how much more is resident than with an index of one row."""
    dataset = load(name)
    queries, dimension, distance = dataset.queries.copy(), dataset.base.shape[1], dataset.distance
    floor_us(library, dataset, threads, f"{folder}/again")
    del dataset
    gc.collect()
    before = resident()
    index = LIBRARIES[library](distance, dimension, 0, threads, f"{folder}/index")
    index.load()
    call = index.search(K, TWIN_EFFORT)
    for query in index.form(queries):
        call(index.one(query))
    after = resident()
    return {kind: after[kind] - before[kind] for kind in after}


def exactly(dataset: Dataset, call: Call, index: Library | None = None) -> dict[str, float]:
    """Return the rate of an exact scan for the whole batch, and its recall."""
    queries = index.form(dataset.queries) if index else dataset.queries
    call(queries[:10])
    rates = [per_second(call, queries) for _ in range(3)]
    rate, answer = statistics.median(rate for rate, _ in rates), rates[-1][1]
    found = index.ids(answer) if index else answer
    return {"batch": rate, "recall": dataset.recall(found, dataset.exact())}


def flat(library: str, name: str, threads: int, folder: str) -> dict[str, Any]:
    """Compare every row: faiss IndexFlat, or numpy's matrix product and argpartition."""
    dataset = load(name)
    if library == "faiss-flat":
        index = FaissFlat(dataset.distance, dataset.base.shape[1], len(dataset.base), threads, folder)
        index.add(dataset.base)
        return {"exact": exactly(dataset, index.search(K, None), index)}
    lengths = np.square(dataset.base).sum(1)
    base = dataset.base if dataset.distance == "euclidean" else dataset.base / np.sqrt(lengths)[:, None]

    def scan(queries: Rows) -> Any:  # noqa: ANN401 - an array of ids
        near = queries @ base.T
        if dataset.distance == "euclidean":
            near -= lengths / 2
        best = np.argpartition(-near, K, axis=1)[:, :K]
        return np.take_along_axis(best, np.argsort(-np.take_along_axis(near, best, 1), axis=1), 1)

    return {"exact": exactly(dataset, scan)}


def hostility(library: str, name: str, threads: int, folder: str) -> dict[str, Any]:
    """Build hostile rows and their peaceful twin: recall of both at one effort, and the copies found."""
    recalls, answer = [], dict[str, Any]()
    for which in (name, f"{name}-twin"):
        dataset = load(which)
        Path(f"{folder}/{which}").mkdir()
        index, _ = built(library, dataset, threads, f"{folder}/{which}")
        found = index.ids(index.batch(K, TWIN_EFFORT)(index.form(dataset.queries)))
        recalls.append(dataset.recall(found, dataset.exact()))
        if which == "copies":
            query, rows = copied(dataset)
            found = index.ids(index.search(len(rows), len(rows))(index.one(index.form(query))))
            answer |= {"copies": len(rows), "found": len(np.intersect1d(found, rows))}
    return {"recall": recalls[0], "twin": recalls[1], "effort": TWIN_EFFORT, **answer}


PROBES = {probe.__name__: probe for probe in (curve, memory, flat, hostility)}


def main(name: str, library: str, dataset: str, threads: str, folder: str) -> None:
    """Run one probe, on one core if it is to have one thread."""
    if threads == "1":
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    gc.disable()
    Path(folder).mkdir(parents=True, exist_ok=True)
    print(json.dumps(PROBES[name](library, dataset, int(threads), folder)))


if __name__ == "__main__":
    main(*sys.argv[1:])
