"""Figures out of the answers of peers.py: medians over the rounds, and what is read off a curve.

The answers are one JSON document: `data`, by dataset and library, `curve` and `memory` with one thread,
`scaling` with two, one answer per round, or `failed`, why not; then `flat`, `hostile`, `loaded`, `adds`,
`coder`.
"""

from __future__ import annotations

import math
import statistics
from typing import Any

Answers = dict[str, Any]


def median(values: list[float | None]) -> float | None:
    """Return the median; None if one is missing."""
    there = [value for value in values if value is not None]
    return statistics.median(there) if there and len(there) == len(values) else None


def at_recall(points: list[dict[str, float]], recall: float, key: str = "us") -> float | None:
    """Return the least time at which a curve has the recall, or, for "batch", the greatest rate.

    Between two points the logarithm of the time goes with that of the misses. A point that another beats in
    both recall and time is left out. None if the recall is never reached.
    """
    times = [(point["recall"], 1 / point[key] if key == "batch" else point[key]) for point in points]
    least, front = math.inf, []
    for found, time in sorted(times, reverse=True):
        if time < least:
            least = time
            front.append((found, time))
    front.reverse()
    reached = [point for point in front if point[0] >= recall]
    if not reached:
        return None
    (high, slow), below = reached[0], [point for point in front if point[0] < recall]
    time = slow
    if below:
        low, fast = below[-1]
        misses = [math.log(max(1 - found, 1e-5)) for found in (low, recall, high)]
        share = (misses[1] - misses[0]) / (misses[2] - misses[0])
        time = math.exp(math.log(fast) + share * (math.log(slow) - math.log(fast)))
    return 1 / time if key == "batch" else time


def cell(answers: Answers, dataset: str, library: str) -> Answers:
    """Return the answers of a library on a dataset; empty if it was not measured."""
    found: Answers = answers.get("data", {}).get(dataset, {}).get(library, {})
    return found


def of(answers: Answers, dataset: str, library: str, what: str, *path: str) -> float | None:
    """Return the median over rounds of a figure of `curve`, `scaling` or `memory`; None if there is none."""
    values: list[float | None] = []
    for answer in cell(answers, dataset, library).get(what, []):
        found: Any = answer
        for step in path:
            found = found.get(step) if found else None
        values.append(found)
    return median(values)


def reaching(answers: Answers, dataset: str, library: str, recall: float) -> float | None:
    """Return the median over rounds of the time of one query at a recall."""
    runs = cell(answers, dataset, library).get("curve", [])
    return median([at_recall(run["points"], recall) for run in runs])


def rate(answers: Answers, dataset: str, library: str, what: str) -> float | None:
    """Return the median over rounds of the batch rate at recall .95, with one thread or two."""
    runs = cell(answers, dataset, library).get(what, [])
    curves = [[point for point in run["points"] if "batch" in point] for run in runs]
    return median([at_recall(points, 0.95, "batch") for points in curves])


def over(one: float | None, other: float | None) -> float | None:
    """Return the quotient of two figures that are both there."""
    return one / other if one is not None and other else None


def write(value: float | None, digits: int = 1, missing: str = "-") -> str:
    """Return a figure as text."""
    return missing if value is None else f"{value:,.{digits}f}"
