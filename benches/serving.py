"""Searches over HTTP beside other servers: `python benches/serving.py [--write FILE] [--quick]`.

The servers (services.py) run at the same time and are loaded one at a time, in turn, by wrk (wrk.py) on the
same machine, at the least `ef` with which the ids that they answer reach the recall. One that cannot run here
is in the table with what it says.
"""

from __future__ import annotations

import argparse
import bisect
import json
import os
import platform
import shutil
import signal
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import alone
import serving_report
import wrk
from alone import CannotRunError
from data import Dataset
from environment import PINNED
from forms import FORMS, Form, matrix
from machine import commit, flags, huge_pages, installed, machine
from rows import make
from services import SERVICES, Service

HERE = Path(__file__).parent
TARGET = HERE.parent / "target"
RECALL = 0.95
EFFORTS = range(10, 641)
# Seconds before the first measurement of each kind.
WARM = 1
Answers = dict[str, Any]


def say(text: str) -> None:
    """Tell whoever watches."""
    print(f"  {text}", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Line:
    """A line of the tables: a server, and the `ef` of its searches; None is the server's own."""

    service: Service
    ef: int | None


class Run:
    """One run of everything asked for."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        """Prepare; `folder` holds indexes and bodies."""
        self.options, self.folder = options, folder
        rows = make(40_000)
        base = rows[:-1_000][: options.rows]
        self.dataset = Dataset("serving", "cosine", base, rows[-1_000:])
        self.tenth = self.dataset.exact()
        self.services, self.lines = dict[str, Service](), dict[str, Line]()
        self.answers: Answers = {"failed": {}, "memory": {}, "recall": {}, "bytes": {}, "load": {}}

    def serve(self, stack: ExitStack) -> None:
        """Build and start every server, and find its `ef`."""
        for name in self.options.only.split(",") if self.options.only else SERVICES:
            begun, place = time.perf_counter(), self.folder / name
            place.mkdir()
            service = SERVICES[name](place)
            try:
                service.build(self.dataset)
                stack.enter_context(service)
            except (CannotRunError, RuntimeError) as error:
                if name == "vectord":
                    raise
                self.answers["failed"][name] = str(error).replace("|", "/")
                continue
            self.services[name] = service
            self.found(service, FORMS["json"], None)
            self.answers["memory"][name] = {"first": service.running.memory()}
            say(f"{name} built and started, {time.perf_counter() - begun:.0f} s")

    def found(self, service: Service, form: Form, ef: int | None) -> float:
        """Return the recall of a server's answers in a form."""
        # Servers end connections on which nothing was asked for some time.
        service.running.connection.close()
        lists = [one for rows in form.asked(self.dataset.queries) for one in service.search(form, rows, ef)]
        return self.dataset.recall(matrix(lists), self.tenth)

    def tune(self, name: str, service: Service) -> None:
        """Find the least `ef` with which every form reaches the recall."""

        def reaches(ef: int) -> bool:
            service.tune(ef)
            return self.found(service, FORMS["json"], ef) >= RECALL

        at = bisect.bisect_left(EFFORTS, x=True, key=reaches)
        while True:
            ef = EFFORTS[min(at, len(EFFORTS) - 1)]
            service.tune(ef)
            told = {form.name: self.found(service, form, ef) for form in self.forms(service)}
            if min(told.values()) >= RECALL or at + 1 >= len(EFFORTS):
                break
            at += 1
        self.lines[name], self.answers["recall"][name] = Line(service, ef), told
        say(f"{name}: ef {ef}, recall {told}")

    def forms(self, service: Service) -> list[Form]:
        """List the forms in which a server can be asked."""
        return [form for form in FORMS.values() if service.raw or not form.raw]

    def prepare(self) -> None:
        """Find what each server is to be asked, and write the requests down."""
        for name, service in self.services.items():
            self.tune(name, service)
        if "vectord" in self.services:
            name, ours = "vectord-default", self.services["vectord"]
            self.lines[name] = Line(ours, None)
            own = {form.name: self.found(ours, form, None) for form in self.forms(ours)}
            self.answers["recall"][name] = own
        for name, line in self.lines.items():
            for form in self.forms(line.service):
                bodies = (
                    line.service.body(form, rows, line.ef) for rows in form.loaded(self.dataset.queries)
                )
                size = wrk.prepare(self.file(name, form), bodies)
                self.answers["bytes"].setdefault(form.name, {})[name] = size

    def file(self, name: str, form: Form) -> Path:
        """Return where the requests of a line are."""
        return self.folder / f"{name}.{form.name}"

    def load(self) -> None:
        """Load the servers in turn, as often as there are rounds."""
        cells = [(form, count) for form in FORMS.values() for count in self.options.connections]
        for turn in range(self.options.rounds):
            for form, count in cells:
                names = [name for name, line in self.lines.items() if form in self.forms(line.service)]
                for name in names if turn % 2 == 0 else reversed(names):
                    if turn == 0:
                        self.loaded(name, form, count, WARM)
                    told = self.loaded(name, form, count, self.options.seconds)
                    place = self.answers["load"].setdefault(form.name, {}).setdefault(name, {})
                    place.setdefault(str(count), []).append(told)
            say(f"round {turn + 1} of {self.options.rounds}")
        for name, service in self.services.items():
            self.answers["memory"][name]["last"] = service.running.memory()

    def loaded(self, name: str, form: Form, connections: int, seconds: int) -> Answers:
        """Load one server; returns what wrk tells, and the processor time of the server."""
        line = self.lines[name]
        running = line.service.running
        url = f"http://{running.address}{line.service.path(form, line.ef)}"
        running.rest()
        before = running.ticks()
        told = wrk.run(url, self.file(name, form), form.kind, connections, seconds)
        told["busy_seconds"] = (running.ticks() - before) / os.sysconf("SC_CLK_TCK")
        told["queries"] = form.queries
        return told


def faces() -> Answers:
    """Compare vectord's remote face with the index in process."""
    begun = time.perf_counter()
    told: Answers = json.loads(alone.run(sys.executable, HERE / "faces.py").splitlines()[-1])
    say(f"faces.py, {time.perf_counter() - begun:.0f} s")
    return told


def measure(options: argparse.Namespace) -> Answers:
    """Measure everything that was asked for."""
    begun, load = time.perf_counter(), wrk.version()
    folder = TARGET / "serving"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    told = None if options.only else faces()
    with ExitStack() as stack:
        run = Run(options, folder)
        run.serve(stack)
        run.prepare()
        run.load()
    shutil.rmtree(folder)
    packages = ("vectord", "hnswlib", "fastapi", "uvicorn", "uvloop", "httptools", "orjson", "numpy")
    real = "VECTORD_DATA" in os.environ
    reduced = ["no real vectors, because VECTORD_DATA is not set"] if not real else []
    reduced += ["--quick"] if options.quick else []
    run.answers |= {"efforts": {name: line.ef for name, line in run.lines.items()}, "faces": told}
    run.answers["meta"] = {
        "command": " ".join(["python", "benches/serving.py", *sys.argv[1:]]),
        "date": f"{datetime.now(timezone.utc):%Y-%m-%d}",
        "minutes": (time.perf_counter() - begun) / 60,
        "commit": commit(),
        "machine": machine(),
        "flags": flags(),
        "huge_pages": huge_pages(),
        "versions": ", ".join(
            [*(f"{name} {installed(name)}" for name in packages), f"chromadb {PINNED['chromadb']}", load]
        ),
        "python": platform.python_version(),
        "source": "text embeddings" if real else "a seeded clustered set",
        "rows": len(run.dataset.base),
        "dimension": run.dataset.base.shape[1],
        "recall": RECALL,
        "rounds": options.rounds,
        "seconds": options.seconds,
        "connections": options.connections,
        "reduced": "; ".join(reduced),
    }
    return run.answers


def main() -> None:
    """Measure, and print or write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="loads of each kind (default: 3)")
    parser.add_argument("--seconds", type=int, default=5, help="of each load (default: 5)")
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 8, 64], help="default: 1 8 64")
    parser.add_argument("--only", metavar="NAME,..", help=f"servers: {', '.join(SERVICES)}; no second table")
    parser.add_argument("--rows", type=int, help="at most so many rows")
    parser.add_argument("--quick", action="store_true", help="one round of a second, on 4,000 rows")
    parser.add_argument("--write", metavar="FILE", help="write the tables there as well")
    parser.add_argument("--again", action="store_true", help="measure nothing: the answers of the last run")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds, options.rows = 1, 1, 4_000
    kept = TARGET / "serving.json"
    if options.again:
        answers = json.loads(kept.read_text(encoding="utf-8"))
    else:
        # Whoever ends this ends the servers, too.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
        answers = measure(options)
        kept.write_text(json.dumps(answers), encoding="utf-8")
    text = serving_report.document(answers)
    print(text)
    if options.write:
        Path(options.write).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
