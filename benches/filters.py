"""Searches with filters beside the peers: `python benches/filters.py [--only NAME,..] [--write FILE]`.

Each library runs in a process of its own (filter_probe.py), on the same rows, metadata and filters
(filter_cases.py); Chroma, LanceDB and Qdrant Edge in a virtual environment of theirs. One that cannot run
here is in the table with what it says.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import alone
import numpy as np
from alone import CannotRunError
from environment import PINNED, install
from filter_cases import CASES, CLUSTERS, FAR, NEAR, NEAREST, PACKAGE, prepare, read
from filter_libraries import FILTERED, RERANKED
from filter_probe import FEW, MEASURE, REACHED
from library import EF_CONSTRUCTION, M
from machine import commit, flags, huge_pages, machine, versions
from report import head, row

HERE = Path(__file__).parent
# Indexes are written to the disk that the project is on: /tmp may be memory.
TARGET = HERE.parent / "target"
TITLES = {
    "vectord": "**vectord**",
    "hnswlib": "hnswlib, filter function",
    "faiss": "faiss HNSWFlat, IDSelector",
    "chromadb": "Chroma",
    "lancedb": "LanceDB",
    "qdrant-edge": "Qdrant Edge",
}
# At most so many times the better of the same search without a filter and the exact scan of what passes.
RATIO = 2.0
Answers = dict[str, Any]


def measure(libraries: list[str], folder: Path) -> Answers:
    """Run each library's probe; returns what each answered, or why it failed."""
    cases = folder / "cases.npz"
    prepare(cases)
    answers: Answers = {"data": shape(cases)}
    foreign = install() if set(libraries) & set(PINNED) else None
    for library in libraries:
        begun = time.perf_counter()
        print(f"  {library}", end="", file=sys.stderr, flush=True)
        python = foreign or "no Python of the peers" if library in PINNED else sys.executable
        place = folder / library
        place.mkdir()
        try:
            told = alone.run(python, HERE / "filter_probe.py", library, cases, place)
            answers[library] = json.loads(told.splitlines()[-1])
        except CannotRunError as error:
            if library == "vectord":
                raise
            answers[library] = {"failed": str(error).replace("|", "/")}
        print(f"  {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
    return answers


def shape(file: Path) -> Answers:
    """Return how large the data is, and how many rows pass in each case."""
    cases = read(np.load(file))
    rows, dimension = cases.base.shape
    passing = {
        name: [len(asked := cases.asked(name)), float(np.median(cases.counts[name][asked]))] for name in CASES
    }
    return {"rows": rows, "dimension": dimension, "passing": passing}


def cell(answer: Answers, case: str) -> list[str]:
    """Return a library's figures in a case."""
    if "failed" in answer:
        return ["-"] * 4
    told = answer["cases"][case]
    effort = "default" if told["effort"] is None else f"{told['effort']}"
    if told["recall"] < REACHED:
        effort += ", its most"
    return [f"{told['us']:,.0f}", f"{told['recall']:.4f}", f"{told['short']} of {told['queries']:,}", effort]


def section(answers: Answers, case: str) -> list[str]:
    """Return the table of a case."""
    queries, passing = answers["data"]["passing"][case]
    share = passing / answers["data"]["rows"]
    what = {
        PACKAGE: "the rows of the query's own package",
        NEAR: f"the rows in the {NEAREST} clusters nearest to the query, of {CLUSTERS}",
        FAR: f"all rows but those in the {NEAREST} clusters nearest to the query, of {CLUSTERS}",
    }.get(case, f"{case} of the rows, by chance")
    median = "" if case not in (PACKAGE, NEAR, FAR) else " in the median"
    return [
        f"\n## {what[0].upper()}{what[1:]}\n",
        f"{queries:,} queries; {passing:,.0f} rows pass{median}, {share:.2%}.\n",
        *head("", "p50, us", "recall@10", "short answers", "ef"),
        *(row(TITLES[library], *cell(answers[library], case)) for library in TITLES if library in answers),
    ]


def ratios(answers: Answers) -> list[str]:
    """Return what vectord's filtered searches cost beside its other searches."""
    lines = [
        "\n## vectord against itself\n",
        f"The same queries at defaults, p50 in us, medians of passes in turn; wanted: at most {RATIO:.0f}.\n",
        *head(
            "rows that pass",
            "filtered",
            "no filter",
            "exact scan",
            "ratio to the better",
            "recall@10",
            "short answers",
            "ways taken",
        ),
    ]
    for case in CASES:
        told = answers["vectord"]["cases"][case]
        bounds = told["bounds"]
        ratio = bounds["us"] / min(bounds["plain"], bounds["exact"])
        figures = (f"{bounds[name]:.1f}" for name in ("us", "plain", "exact"))
        quality = (f"{ratio:.2f}", f"{bounds['recall']:.4f}", f"{bounds['short']:.0f}")
        lines.append(row(case, *figures, *quality, told["path"]))
    return lines


def summary(answers: Answers) -> list[str]:
    """Return p50 and recall of all in one table."""
    libraries = [library for library in TITLES if library in answers]
    lines = [
        "\n## All in one: p50 in us, and recall@10\n",
        *head("rows that pass", *(TITLES[library] for library in libraries)),
    ]
    for case in CASES:
        cells = [cell(answers[library], case) for library in libraries]
        lines.append(row(case, *(f"{us} ({recall})" for us, recall, *_ in cells)))
    failed = [library for library in libraries if "failed" in answers[library]]
    return [*lines, *(f"\n{library} cannot run here: {answers[library]['failed']}" for library in failed)]


def document(answers: Answers) -> str:
    """Return the whole of FILTERS.md."""
    meta, data = answers["meta"], answers["data"]
    lines = [
        "# Filters\n",
        "Written by `make bench`; for real vectors and packages set VECTORD_DATA.\n",
        f"* command: `{meta['command']}`, {meta['minutes']:.0f} minutes",
        f"* {meta['date']}, commit {meta['commit']}",
        f"* machine: {meta['machine']}; {meta['flags']}; transparent huge pages: {meta['huge_pages']}",
        f"* versions: {meta['versions']}; Python {meta['python']}",
        f"* data: {meta['source']}, {data['rows']:,} x {data['dimension']}, cosine, k = 10, held-out queries",
        f"* peers: M={M}, efConstruction={EF_CONSTRUCTION}; Qdrant Edge and LanceDB with indexes on fields;",
        f"  LanceDB with IVF_HNSW_SQ in one partition, {RERANKED} k rows re-ranked; vectord at its defaults,",
        "  on a directory, with string ids, and not told which fields will be asked for",
        "* hnswlib and faiss hold no metadata: they are given the set of rows that pass, for nothing",
        f"* ef: the least of a ladder that reaches recall {REACHED}, or its last; vectord's own if it does;",
        "  Chroma's own, since an open collection takes no other",
        "* p50 of single calls from Python, on one core; as many queries as fit into",
        f"  {MEASURE:.0f} s, at least {FEW}",
        "* recall@10 is of ids against the exact ten nearest of the rows that pass, or all if they are",
        "  fewer; an answer is short if it has fewer rows than that; a row that does not pass counts as none",
    ]
    if meta["reduced"]:
        lines.append(
            "* **reduced: no real vectors, because VECTORD_DATA is not set; these figures compare nothing**"
        )
    lines += summary(answers) + (ratios(answers) if "vectord" in answers else [])
    for case in CASES:
        lines += section(answers, case)
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, and print or write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", metavar="NAME,..", help=f"libraries: {', '.join(FILTERED)}")
    parser.add_argument("--write", metavar="FILE", help="write the tables there as well")
    options = parser.parse_args()
    begun, real = time.perf_counter(), "VECTORD_DATA" in os.environ
    TARGET.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=TARGET) as folder:
        answers = measure(options.only.split(",") if options.only else [*FILTERED], Path(folder))
    kept = (
        one
        for one in versions().split(", ")
        if one.split()[0] in ("vectord", "hnswlib", "faiss-cpu", "numpy")
    )
    answers["meta"] = {
        "command": " ".join(["python", "benches/filters.py", *sys.argv[1:]]),
        "date": f"{datetime.now(timezone.utc):%Y-%m-%d}",
        "minutes": (time.perf_counter() - begun) / 60,
        "commit": commit(),
        "machine": machine(),
        "flags": flags(),
        "huge_pages": huge_pages(),
        "versions": ", ".join([*kept, *(f"{name} {pinned}" for name, pinned in PINNED.items())]),
        "python": platform.python_version(),
        "source": "text embeddings with their packages" if real else "a seeded clustered set",
        "reduced": not real,
    }
    (TARGET / "filters.json").write_text(json.dumps(answers), encoding="utf-8")
    text = document(answers)
    print(text)
    if options.write:
        Path(options.write).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
