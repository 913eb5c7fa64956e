"""One library's searches with filters: `filter_probe.py LIBRARY CASES FOLDER`, run by filters.py.

The index is built with every core, which is not measured; then the process is held to one, so that nobody
gets help. Per case the least effort that reaches the recall is looked for on a part of the queries, and all
are asked with it, or as many as fit into a few seconds.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from filter_cases import CASES, read
from filter_libraries import FILTERED, Vectord

if TYPE_CHECKING:
    from filter_cases import Cases
    from filter_libraries import Call, Filtered

REACHED = 0.95
# Seconds and queries of a trial, and of a measurement; of queries there are at least FEW.
TRIAL, TRIED, MEASURE, FEW = 0.4, 200, 2.0, 30
PASSES = 3


def held_to_one_core() -> None:
    """Hold every thread of this process to one core; those that are started later inherit it."""
    if hasattr(os, "sched_setaffinity"):
        core = {max(os.sched_getaffinity(0))}
        for thread in Path("/proc/self/task").iterdir():
            # A thread may end meanwhile.
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(int(thread.name), core)


class Case:
    """One case, for one library: its queries and filters in the library's form."""

    def __init__(self, index: Filtered, cases: Cases, case: str) -> None:
        """Bring them into that form."""
        self.index, self.cases, self.case = index, cases, case
        self.asked = cases.asked(case)
        self.filters = cases.filters(case, self.asked)
        made: dict[int, Any] = {}
        self.given = [made.setdefault(id(one), index.filter(one)) for one in self.filters]
        self.queries = [index.query(cases.queries[query]) for query in self.asked]

    def times(self, call: Call, seconds: float, most: int) -> tuple[list[float], list[Any]]:
        """Ask as many queries as there is time for; returns microseconds of each, and the answers."""
        clock, times, answers = time.perf_counter_ns, list[float](), []
        ends = time.monotonic() + seconds
        for query, filter_ in zip(self.queries[:most], self.given[:most], strict=True):
            begun = clock()
            answer = call(query, filter_)
            times.append((clock() - begun) / 1e3)
            answers.append(answer)
            if time.monotonic() > ends and len(times) >= FEW:
                break
        return times, answers

    def judged(self, answers: list[Any]) -> tuple[float, int]:
        """Return the recall of answers, and how many are short."""
        ids = map(self.index.ids, answers)
        told = [
            self.cases.found(self.case, query, filter_, found)
            for query, filter_, found in zip(self.asked, self.filters, ids, strict=False)
        ]
        return statistics.mean(recall for recall, _ in told), sum(short for _, short in told)

    def reaches(self, effort: int | None) -> bool:
        """Say whether an effort reaches the recall on a part of the queries."""
        return self.judged(self.times(self.index.search(effort), TRIAL, TRIED)[1])[0] >= REACHED

    def measured(self) -> dict[str, Any]:
        """Find the effort, and measure at it."""
        efforts = self.index.efforts
        low, high = 0, len(efforts) - 1
        # What the library does of itself comes first.
        if efforts[0] is None and high:
            low, high = (0, 0) if self.reaches(None) else (1, high)
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self.reaches(efforts[middle]) else (middle + 1, high)
        while True:
            times, answers = self.times(self.index.search(efforts[low]), MEASURE, len(self.queries))
            recall, short = self.judged(answers)
            if recall >= REACHED or low + 1 == len(efforts):
                break
            low += 1
        return {
            "us": statistics.median(times),
            "recall": recall,
            "short": short,
            "queries": len(times),
            "effort": efforts[low],
        }


def median_us(case: Case, call: Call) -> float:
    """Return the median time of a call with the filters of a case."""
    return statistics.median(case.times(call, MEASURE, len(case.queries))[0])


def bounds(index: Vectord, case: Case) -> dict[str, float]:
    """Measure searches at defaults, and in turn what they are held against: no filter, and the exact scan."""
    ways = {"us": index.search(None), "exact": index.search(None, exact=True)}
    told: dict[str, list[float]] = {name: [] for name in (*ways, "plain")}
    filters, none = case.given, [None] * len(case.given)
    for _ in range(PASSES):
        for name, call in ways.items():
            told[name].append(median_us(case, call))
        case.given = none
        told["plain"].append(median_us(case, ways["us"]))
        case.given = filters
    recall, short = case.judged(case.times(ways["us"], MEASURE, len(case.queries))[1])
    medians = {name: statistics.median(times) for name, times in told.items()}
    return {**medians, "recall": recall, "short": short}


def main() -> None:
    """Measure a library, and print what came of it."""
    library, file, folder = sys.argv[1:]
    cases = read(np.load(file))
    begun = time.perf_counter()
    index = FILTERED[library](cases, folder)
    answer: dict[str, Any] = {"build_seconds": time.perf_counter() - begun, "cases": {}}
    held_to_one_core()
    for name in CASES:
        case = Case(index, cases, name)
        told = case.measured()
        if isinstance(index, Vectord):
            told |= {"bounds": bounds(index, case), "path": path(index, case)}
        answer["cases"][name] = told
    # Whatever a library prints of its own accord stands before the last line.
    print(json.dumps(answer), flush=True)
    # Not every library lets the interpreter end by itself.
    os._exit(0)


def path(index: Vectord, case: Case) -> str:
    """Return the ways that the searches of a case took, as vectord explains them."""
    taken = [
        index.index.search(query, filter=filter_, explain=True).explanation["path"]
        for query, filter_ in zip(case.queries[:50], case.given[:50], strict=True)
    ]
    return ", ".join(sorted(set(taken)))


if __name__ == "__main__":
    main()
