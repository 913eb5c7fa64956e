"""vectord side by side with hnswlib, in one run: `make bench`, or `python benches/peers.py [--write FILE]`.

Every measurement runs in a fresh process, the libraries alternate, and medians are reported. Absolute times
drift between runs; the ratios are what to compare.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import criterion
import data
from libraries import EF_CONSTRUCTION, LIBRARIES, M

Answer = dict[str, Any]


def probe(name: str, library: str, dataset: str) -> Answer:
    """Run one measurement in a process of its own."""
    print(f"  {name} {library} {dataset}", file=sys.stderr, flush=True)
    script = Path(__file__).with_name("probes.py")
    run = subprocess.run(
        [sys.executable, script, name, library, dataset], check=True, stdout=subprocess.PIPE, text=True
    )
    answer: Answer = json.loads(run.stdout)
    return answer


def alternating(name: str, dataset: str, rounds: int) -> dict[str, list[Answer]]:
    """Measure each library `rounds` times, in turn."""
    runs: dict[str, list[Answer]] = {library: [] for library in LIBRARIES}
    for _ in range(rounds):
        for library, answers in runs.items():
            answers.append(probe(name, library, dataset))
    return runs


def median(runs: list[Answer], key: str) -> float:
    """Return the median of one figure."""
    return float(statistics.median(run[key] for run in runs))


def at_recall(points: list[list[float]], target: float) -> float | None:
    """Interpolate the latency at `target` between the two points around it; None if never reached."""
    previous = None
    for recall, latency in points:
        if recall >= target:
            if previous is None or recall == previous[0]:
                return latency
            share = (target - previous[0]) / (recall - previous[0])
            return float(previous[1] + share * (latency - previous[1]))
        previous = (recall, latency)
    return None


def row(what: str, ours: float | None, theirs: float | None, digits: int = 1) -> str:
    """Return a line of the table; the ratio is ours over theirs."""
    cells = ["not reached" if value is None else f"{value:,.{digits}f}" for value in (ours, theirs)]
    ratio = f"{ours / theirs:.2f}" if ours is not None and theirs else "-"
    return f"| {what} | {cells[0]} | {cells[1]} | {ratio} |"


def curves(dataset: str, rounds: int) -> list[str]:
    """Return the table of build, latency, memory and recall on one dataset."""
    runs = alternating("curve", dataset, rounds)
    ours, theirs = runs["vectord"], runs["hnswlib"]
    shape = data.load(dataset).base.shape

    def latency(answers: list[Answer], target: float) -> float | None:
        found = [at_recall(answer["points"], target) for answer in answers]
        reached = [value for value in found if value is not None]
        return statistics.median(reached) if len(reached) == len(found) else None

    def default(answers: list[Answer], part: int) -> float:
        return float(statistics.median(answer["default"][part] for answer in answers))

    return [
        f"\n## {dataset}: {shape[0]:,} x {shape[1]}, {data.QUERIES:,} held-out queries, k = {data.K}\n",
        "| | vectord | hnswlib | ratio |",
        "|---|---|---|---|",
        row(
            "build, us per row, all cores",
            median(ours, "build_us_per_row"),
            median(theirs, "build_us_per_row"),
        ),
        row("one query at recall .95, us", latency(ours, 0.95), latency(theirs, 0.95)),
        row("one query at recall .99, us", latency(ours, 0.99), latency(theirs, 0.99)),
        row("recall at defaults", default(ours, 0), default(theirs, 0), 4),
        row("one query at defaults, us", default(ours, 1), default(theirs, 1)),
        row(
            f"resident, MiB (raw {ours[0]['raw_mib']:.0f})",
            median(ours, "resident_mib"),
            median(theirs, "resident_mib"),
        ),
    ]


def python_face(dataset: str, rounds: int) -> list[str]:
    """Return the table of what Python users feel: import, the GIL, threads."""
    imports = alternating("importing", dataset, 3 * rounds)
    gil = {library: [probe("gil", library, dataset)] for library in LIBRARIES}
    threads = {library: [probe("threads", library, dataset)] for library in LIBRARIES}
    ratio = {library: answers[0]["two"] / answers[0]["one"] for library, answers in threads.items()}
    floor = median(gil["vectord"], "floor_ms")
    ours, theirs = ("vectord", "hnswlib")
    return [
        "\n## From Python\n",
        "| | vectord | hnswlib | ratio |",
        "|---|---|---|---|",
        row("import over numpy, ms", median(imports[ours], "ms"), median(imports[theirs], "ms")),
        row(
            f"longest wait for the GIL in a 100,000 x 384 add, ms (noise {floor:.1f})",
            median(gil[ours], "gap_ms"),
            median(gil[theirs], "gap_ms"),
        ),
        row(
            "searches per second, one thread", median(threads[ours], "one"), median(threads[theirs], "one"), 0
        ),
        row("two threads over one", ratio[ours], ratio[theirs], 2),
    ]


def durability(dataset: str) -> list[str]:
    """Return what hnswlib has no counterpart for: the log, and a killed writer."""
    appended = probe("appended", "vectord", dataset)
    killed = probe("killed", "vectord", dataset)
    return [
        "\n## Durability\n",
        "| | |",
        "|---|---|",
        f"| bytes written by 100 more rows | {appended['written']:,} |",
        f"| over their vectors, ids and metadata | {appended['written'] / appended['given']:.3f} |",
        f"| after SIGKILL and reopening: same ids | {killed['same_ids']} |",
        f"| same distances, to the bit | {killed['same_distances']} |",
        f"| open to first answer, s | {killed['open_seconds']:.3f} |",
        f"| recall@10 at defaults, with exact=True | {killed['recall']:.4f}, {killed['exact_recall']:.4f} |",
    ]


def machine() -> str:
    """Name the processor."""
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8") if Path("/proc/cpuinfo").exists() else ""
    model = re.search(r"model name\s*: (.*)", text)
    return f"{model[1] if model else platform.machine()}, {os.cpu_count()} cores"


def main() -> None:
    """Measure everything and print, or write, the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", metavar="FILE", help="write the tables there as well")
    parser.add_argument("--rounds", type=int, default=3, help="alternating runs of each library (default: 3)")
    options = parser.parse_args()
    real = "VECTORD_DATA" in os.environ
    source = (
        "real vectors" if real else "a seeded clustered set, because VECTORD_DATA is not set: not real data"
    )
    names = data.names()
    lines = [
        "# Results\n",
        "Written by `make bench`; for real vectors `VECTORD_DATA=DIRECTORY make bench`. Medians of",
        "alternating runs, each in a fresh process. A ratio is vectord over hnswlib: below 1 is better for",
        "times and bytes.\n",
        f"* machine: {machine()}; Python {platform.python_version()}",
        f"* vectord {version('vectord')}: durable in a directory, string ids, default parameters",
        f"* hnswlib {version('hnswlib')}: in memory, integer ids, M={M}, ef_construction={EF_CONSTRUCTION}",
        f"* data: {source}",
        f"* rounds: {options.rounds}; ef is swept and the latency interpolated at the recall",
    ]
    for name in names:
        lines += curves(name, options.rounds)
    lines += python_face(names[0], options.rounds)
    lines += durability(names[0])
    lines += criterion.medians()
    text = "\n".join(lines) + "\n"
    print(text)
    if options.write:
        Path(options.write).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
