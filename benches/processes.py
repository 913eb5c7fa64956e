"""One index among processes, in figures: `python benches/processes.py [--write FILE] [--quick] [--no-peers]`.

What vectord acknowledges, reopens, follows and writes (process_probes.py), then Chroma and LanceDB beside it
on the same rows and disk (neighbours.py). The peers are installed into target/peers-venv, where that is
possible. Run it with a Python that has the wheel, such as .venv/bin/python; it takes a few minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from environment import PINNED, install
from peers import machine

HERE = Path(__file__).parent
SYNCED = 50


def run(*command: str | Path) -> Any:  # noqa: ANN401 - whatever the probe tells
    """Run one probe; its answer is the last line it prints."""
    begun = time.perf_counter()
    print(f"  {' '.join(map(str, command[1:]))}", end="", file=sys.stderr, flush=True)
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    print(f"  {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
    return json.loads(done.stdout.splitlines()[-1])


def probe(name: str) -> Any:  # noqa: ANN401 - whatever the probe tells
    """Run a probe of vectord's."""
    return run(sys.executable, HERE / "process_probes.py", name)


def row(*cells: object) -> str:
    """Return a line of a table."""
    return f"| {' | '.join(map(str, cells))} |"


def table(*head: str) -> list[str]:
    """Return the head of a table."""
    return [row(*head), f"|{'---|' * len(head)}"]


def acknowledged() -> list[str]:
    """Return what is acknowledged per second, by batch and by the number of writers."""
    return [
        "\n## Acknowledged batches\n",
        "Each writer is a process that sends its next batch when the last is acknowledged: durable and",
        "applied. Every process applies what the others write, and builds its own graph. The least share is",
        "that of the writer with the fewest acks; the bytes are those of an entry of the log.\n",
        *table(
            "rows",
            "writers",
            "acks per second",
            "least share",
            "p50, ms",
            "p99, ms",
            "worst, ms",
            "bytes per ack",
            "over its vectors",
        ),
        *(
            row(
                f"{told['batch']:,}",
                told["writers"],
                f"{told['per_second']:,.1f}",
                f"{told['least_share']:.2f}",
                f"{told['p50_ms']:.1f}",
                f"{told['p99_ms']:.1f}",
                f"{told['worst_ms']:.0f}",
                f"{told['bytes']:,.0f}",
                f"{told['over_vectors']:.3f}",
            )
            for told in probe("acks")
        ),
    ]


def reopened() -> list[str]:
    """Return what reopening takes, and how soon a service follows."""
    told = probe("reopen")
    first, last = told["opened"][0], told["opened"][-1]
    objects = last.get("log", 0) + last.get("snap", 0)
    p50, p99, worst = np.percentile(told["lags_ms"], [50, 99, 100])
    return [
        "\n## Reopening\n",
        f"{first['rows']:,} rows under a snapshot, then rows one by one, {told['single_per_second']:,.0f} a",
        "second. A fresh process opens the index and searches; the writer is still there, so that nothing",
        "was tidied up by its end.\n",
        *table("rows added", "entries in the log", "snapshots", "floors", "open to first answer, s"),
        *(
            row(
                f"{one['rows'] - first['rows']:,}",
                f"{one.get('log', 0):,}",
                one.get("snap", 0),
                one.get("floor", 0),
                f"{one['seconds']:.3f}",
            )
            for one in told["opened"]
        ),
        f"\nObjects after {last['rows'] - first['rows']:,} rows one by one, besides floors: {objects:,}.\n",
        "## Following\n",
        "`vectord serve` on that directory, asked with `bounded` consistency while another process adds:",
        f"from the acknowledgement until the row is in an answer, {len(told['lags_ms']):,} rows.\n",
        *table("p50, ms", "p99, ms", "worst, ms"),
        row(f"{p50:.1f}", f"{p99:.1f}", f"{worst:.1f}"),
    ]


def ingested() -> list[str]:
    """Return what an ingest writes."""
    told = probe("ingest")
    return [
        "\n## Write amplification\n",
        f"{told['rows']:,} rows in batches of 1,000, by one process; bytes over those of the vectors.\n",
        *table("rows per second", "sent to the disk", "left there", "entries", "snapshots"),
        row(
            f"{told['rows_per_second']:,.0f}",
            f"{told['sent_over_vectors']:.2f}",
            f"{told['left_over_vectors']:.2f}",
            f"{told['entries']:,}",
            told["snapshots"],
        ),
    ]


def syncs(python: str | Path, library: str) -> str:
    """Count what one more single-row add asks to be forced to the disk, if strace is there to tell."""
    strace = shutil.which("strace")
    if strace is None:
        return "-"

    def calls(adds: int) -> int:
        log = HERE.parent / "target" / "syncs.txt"
        traced = "trace=fsync,fdatasync,msync,sync_file_range"
        probe = [python, HERE / "neighbours.py", "synced", library, str(adds)]
        subprocess.run([strace, "-f", "-qq", "-e", traced, "-o", log, *probe], check=True)
        return log.read_text(encoding="utf-8").count("sync")

    return f"{(calls(SYNCED) - calls(0)) / SYNCED:.1f}"


def beside(python: Path) -> list[str]:
    """Return the table of all three."""
    columns: dict[str, list[str]] = {}
    versions = {"vectord": version("vectord"), **{name: PINNED[name] for name in ("chromadb", "lancedb")}}
    for library in versions:
        interpreter = Path(sys.executable) if library == "vectord" else python
        script = HERE / "neighbours.py"
        told = run(interpreter, script, "adds", library)
        fresh = [run(interpreter, script, "fresh", library)["seen"]]
        if library == "lancedb":
            fresh.append(run(interpreter, script, "fresh", "lancedb strong")["seen"])
        columns[library] = [
            f"{told['single']:,.1f}",
            f"{told['large']:,.1f}",
            syncs(interpreter, library),
            " / ".join(f"{seen:.0f} of {told['asked']:.0f}" for seen in fresh),
            f"{told['objects']:,.0f}",
            f"{told['bytes_over_rows']:.2f}",
        ]
    figures = [
        "adds per second, one row each",
        "adds per second, 128 rows each",
        "forced to the disk per single-row add, calls",
        "rows that an open second process sees at once",
        "files afterwards",
        "bytes on the disk over those of the vectors",
    ]
    return [
        "\n## Beside Chroma and LanceDB\n",
        "Each on a directory, by its defaults and its plainest call to add; 1,000 rows are there before.",
        "LanceDB keeps no index of new rows and searches them all; vectord and Chroma attach them to a",
        "graph. LanceDB's second figure of freshness is with `read_consistency_interval=0`.\n",
        *table("", *(f"{library} {pinned}" for library, pinned in versions.items())),
        *(row(figure, *(column[line] for column in columns.values())) for line, figure in enumerate(figures)),
    ]


def main() -> None:
    """Measure everything and print, or write, the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", metavar="FILE", help="write the tables there as well")
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of everything: that it works, not how fast"
    )
    parser.add_argument("--no-peers", action="store_true", help="vectord alone")
    options = parser.parse_args()
    if options.quick:
        os.environ["VECTORD_BENCH_QUICK"] = "1"
    source = "text embeddings" if "VECTORD_DATA" in os.environ else "a seeded clustered set: not real data"
    lines = [
        "# Many processes\n",
        "Written by `python benches/processes.py --write benches/PROCESSES.md`; for real vectors set",
        "VECTORD_DATA. One run; what a disk forces out takes as long as the disk does.\n",
        f"* machine: {machine()}; Python {platform.python_version()}",
        f"* vectord {version('vectord')} on a directory, default parameters",
        f"* data: {source}, 384 components",
    ]
    if options.quick:
        lines.append("* **quick: a tenth of everything, to see that it works**")
    lines += acknowledged() + reopened() + ingested()
    if not options.no_peers and (python := install()):
        lines += beside(python)
    text = "\n".join(lines) + "\n"
    print(text)
    if options.write:
        Path(options.write).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
