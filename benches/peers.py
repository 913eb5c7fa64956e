"""vectord side by side with its peers, in one run: `make bench`, or `python benches/peers.py [--write FILE]`.

Every measurement runs in a fresh process, the libraries alternate, and medians are reported. Absolute times
drift between runs; the ratios are what to compare. A library that cannot run here is in the table with what
it says. `--full` measures every library on every dataset, which takes about twice as long.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import alone
import criterion
import data
import report
import summary
from alone import CannotRunError
from libraries import LIBRARIES
from machine import commit, flags, huge_pages, machine, versions

if TYPE_CHECKING:
    from collections.abc import Callable

    from figures import Answers

__all__ = ["machine"]

HERE = Path(__file__).parent
TARGET = HERE.parent / "target"
REAL = ("minilm", "sift", "clustered")
# What is measured where the rows are only made, and at two threads, unless everything is asked for.
SHORT = ("vectord", "hnswlib", "faiss", "faiss-sq8", "usearch-i8", "svs-f16")
SCALED = ("vectord", "hnswlib", "faiss", "usearch-i8", "voyager", "svs-f16")
TWINNED = ("vectord", "hnswlib")


class Run:
    """One run of everything asked for; its answers are on disk after each measurement."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        """Prepare; `folder` holds indexes while they are measured."""
        self.options, self.folder, self.answers = options, folder, dict[str, Any]()
        self.only = set(options.only.split(",")) if options.only else {*LIBRARIES, *report.TITLES, "coder"}
        self.names = options.data.split(",") if options.data else data.names()

    def wants(self, *libraries: str) -> list[str]:
        """Return those that were asked for."""
        return [library for library in libraries if library in self.only]

    def guarded(self, told: str, call: Callable[[], Answers]) -> Answers:
        """Make one measurement, say how long it took, or return why it cannot be made."""
        begun = time.perf_counter()
        print(f"  {told}", end="", file=sys.stderr, flush=True)
        try:
            answer = call()
        except CannotRunError as error:
            if "vectord" in told.split():
                raise
            answer = {"failed": str(error).replace("|", "/")}
        print(
            f"  {answer.get('failed', '')} {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True
        )
        return answer

    def probe(self, script: str, *arguments: object, threads: int = 0) -> Answers:
        """Run one probe in a process of its own."""
        command: tuple[str | Path, ...] = (sys.executable, HERE / script, *map(str, arguments))
        return self.guarded(
            " ".join(map(str, arguments)),
            lambda: json.loads(alone.run(*command, threads=threads).splitlines()[-1]),
        )

    def kept(self) -> None:
        """Write the answers down."""
        (TARGET / "peers.json").write_text(json.dumps(self.answers), encoding="utf-8")

    def one(self, library: str, name: str) -> None:
        """Measure one library on one dataset for one round."""
        place = self.answers["data"][name].setdefault(library, {"curve": [], "memory": [], "scaling": []})
        if "failed" in place:
            return
        folder = self.folder / "index"
        folder.mkdir()
        if library == "hnsw_rs":
            told = self.guarded(f"alone {library} {name}", lambda: alone.hnsw_rs(name, folder))
        else:
            told = self.probe("curves.py", "curve", library, name, 1, folder, threads=1)
        if "failed" in told:
            place["failed"] = told["failed"]
        else:
            place["curve"].append(told)
            memory = told.pop("memory", None) or self.probe(
                "curves.py", "memory", library, name, 1, folder, threads=1
            )
            if "failed" not in memory:
                place["memory"].append(memory)
        shutil.rmtree(folder)
        scaled = (name in REAL and library in SCALED) or (self.options.full and library != "hnsw_rs")
        if scaled and "failed" not in place:
            told = self.probe("curves.py", "curve", library, name, 2, folder, threads=2)
            if "failed" not in told:
                place["scaling"].append(told)
            shutil.rmtree(folder, ignore_errors=True)
        self.kept()

    def compare(self) -> None:
        """Measure every library on every dataset, in turn; then exact scans and peaceful twins."""
        self.answers["data"] = {name: {} for name in self.names}
        flat, hostile = self.answers.setdefault("flat", {}), self.answers.setdefault("hostile", {})
        for name in self.names:
            everything = [library for library in report.TITLES if library in {*LIBRARIES, "hnsw_rs"}]
            if name not in REAL and not self.options.full:
                everything = [library for library in everything if library in SHORT]
            libraries = self.wants(*everything)
            for turn in range(self.options.rounds):
                for library in libraries if turn % 2 == 0 else reversed(libraries):
                    self.one(library, name)
            if name in REAL:
                flat[name] = {
                    library: self.probe(
                        "curves.py", "flat", library, name, 1, self.folder / "flat", threads=1
                    )
                    for library in self.wants("faiss-flat", "numpy")
                }
            if f"{name}-twin" in data.WHAT:
                hostile[name] = {}
                for library in self.wants(*TWINNED):
                    place = self.folder / library
                    hostile[name][library] = self.probe(
                        "curves.py", "hostility", library, name, 2, place, threads=2
                    )
                    shutil.rmtree(place, ignore_errors=True)
            self.kept()

    def ingest(self) -> None:
        """Measure searches beside adds, and adds beside coder/hnsw."""
        if self.wants("vectord"):
            self.answers["loaded"] = self.probe("ingest.py", "loaded", threads=1)
            self.answers["adds"] = {
                store: self.probe("ingest.py", "adds", store, threads=1) for store in ("memory", "directory")
            }
        if self.wants("coder"):
            self.answers["coder"] = self.guarded("coder/hnsw", lambda: alone.coder_hnsw(self.folder))

    def face(self) -> None:
        """Measure what Python users feel, and what a kill leaves."""
        if not {"vectord", "hnswlib"} <= self.only:
            return
        name = self.names[0]
        told = self.answers["face"] = {library: dict[str, Any]() for library in ("vectord", "hnswlib")}
        imports: dict[str, list[float]] = {library: [] for library in told}
        for _ in range(5):
            for library in told:
                imports[library].append(self.probe("probes.py", "importing", library, name)["ms"])
        for library, figures in told.items():
            figures["import_ms"] = statistics.median(imports[library])
            figures.update(self.probe("probes.py", "gil", library, name))
            figures.update(self.probe("probes.py", "threads", library, name))
        self.answers["durability"] = {
            **self.probe("probes.py", "appended", "vectord", name),
            **self.probe("probes.py", "killed", "vectord", name),
        }


def measure(options: argparse.Namespace) -> Answers:
    """Measure everything that was asked for."""
    begun = time.perf_counter()
    if options.rows:
        os.environ["VECTORD_BENCH_ROWS"] = str(options.rows)
    reduced = [f"{options.rows:,} rows at most"] if options.rows else []
    if "VECTORD_DATA" not in os.environ:
        reduced.append("no real vectors, because VECTORD_DATA is not set")
    with tempfile.TemporaryDirectory(dir=TARGET) as folder:
        os.environ["VECTORD_BENCH_CACHE"] = folder
        run = Run(options, Path(folder))
        run.compare()
        if not options.data:
            run.ingest()
            run.face()
        run.answers["criterion"] = criterion.medians()
    run.answers["meta"] = {
        "command": " ".join(["python", "benches/peers.py", *sys.argv[1:]]),
        "date": f"{datetime.now(timezone.utc):%Y-%m-%d}",
        "minutes": (time.perf_counter() - begun) / 60,
        "commit": commit(),
        "machine": machine(),
        "flags": flags(),
        "huge_pages": huge_pages(),
        "versions": versions(),
        "python": platform.python_version(),
        "rounds": options.rounds,
        "reduced": "; ".join(reduced),
    }
    run.kept()
    return run.answers


def main() -> None:
    """Measure, and print or write the tables and plots."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1, help="alternating runs of each library (default: 1)")
    parser.add_argument("--only", metavar="NAME,..", help=f"libraries: {', '.join(report.TITLES)}, coder")
    parser.add_argument(
        "--data", metavar="NAME,..", help=f"datasets, and nothing else: {', '.join(data.names())}"
    )
    parser.add_argument("--rows", type=int, help="at most so many base rows: that it works, not how fast")
    parser.add_argument(
        "--full", action="store_true", help="every library on every dataset and at two threads"
    )
    parser.add_argument("--write", metavar="FILE", help="write the tables there as well, and plots beside it")
    parser.add_argument("--readme", action="store_true", help="rewrite the README's table")
    parser.add_argument("--again", action="store_true", help="measure nothing: the answers of the last run")
    options = parser.parse_args()
    TARGET.mkdir(exist_ok=True)
    if options.again:
        answers = json.loads((TARGET / "peers.json").read_text(encoding="utf-8"))
    else:
        answers = measure(options)
    text = report.document(answers)
    print(text)
    if options.write:
        import plots

        Path(options.write).write_text(text, encoding="utf-8")
        plots.draw(answers, Path(options.write).parent / "plots")
    if options.readme:
        summary.rewrite(HERE.parent / "README.md", answers)


if __name__ == "__main__":
    main()
