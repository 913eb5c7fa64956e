"""What processes.py measures of vectord, one function each; it prints its answer as JSON.

Each probe makes a store of its own under target/, on a real disk, and starts the processes it needs: writers
that do what their standard input says, readers, `vectord serve`.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import sys
import sysconfig
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from children import Child
from rows import DIMENSION, make

import vectord

BATCHES = (1, 16, 128, 1_024)
WRITERS = (1, 3)
QUICK = 10 if "VECTORD_BENCH_QUICK" in os.environ else 1
ADD_SECONDS = 3.0 / QUICK
BASE = 39_000 // QUICK
LENGTHS = (0, 100 // QUICK, 1_000 // QUICK, 10_000 // QUICK)
FOLLOWED = 300 // QUICK
INGESTED, INGEST_BATCH = 100_000 // QUICK, 1_000


def folder() -> tempfile.TemporaryDirectory[str]:
    """Make a directory on the disk that the project is on: /tmp may be memory."""
    target = Path(__file__).parents[1] / "target"
    target.mkdir(exist_ok=True)
    return tempfile.TemporaryDirectory(dir=target, prefix="bench-")


def written() -> int:
    """Return the bytes that this process has sent to the disk."""
    text = Path("/proc/self/io").read_text(encoding="utf-8")
    found = re.search(r"^write_bytes: (\d+)", text, re.MULTILINE)
    if not found:
        raise RuntimeError("/proc/self/io tells no write_bytes")
    return int(found[1])


def kinds(store: str) -> dict[str, int]:
    """Count the objects of an index by kind: log, snap, floor."""
    root = Path(store) / "_vectors" / "bench"
    return dict(Counter(file.parent.name for file in root.rglob("*") if file.is_file()))


def child(*arguments: str) -> Child:
    """Start one of the processes below."""
    return Child(sys.executable, __file__, *arguments)


def adder(store: str, batch: str, number: str) -> None:
    """Add batches as fast as they are acknowledged, from the word go; tell the time of each."""
    size = int(batch)
    rows = make(4_096)
    docs = vectord.open(store).get("bench")
    print("0", flush=True)
    sys.stdin.readline()
    times: list[float] = []
    begun = time.perf_counter()
    while (last := time.perf_counter()) < begun + ADD_SECONDS:
        first = len(times) * size % len(rows)
        ids = [f"w{number}-{len(times)}-{row}" for row in range(size)]
        docs.add(ids, np.resize(rows[first : first + size], (size, DIMENSION)))
        times.append(time.perf_counter() - last)
    print(json.dumps({"times": times, "seconds": time.perf_counter() - begun}), flush=True)
    sys.stdin.readline()


def single(store: str) -> None:
    """Add as many rows as each line says, one by one."""
    rows = make(BASE + max(LENGTHS) + FOLLOWED)
    docs = vectord.open(store).get("bench")
    last = len(docs)
    for line in sys.stdin:
        begun = time.perf_counter()
        for row in range(last, last + int(line)):
            docs.add([f"row-{row:07d}"], rows[row : row + 1])
        last += int(line)
        print(json.dumps({"seconds": time.perf_counter() - begun}), flush=True)


def opener(store: str) -> None:
    """Open an index and search once; tell how long that took."""
    query = make(1)[0]
    begun = time.perf_counter()
    docs = vectord.open(store).get("bench")
    docs.search(query)
    seconds = time.perf_counter() - begun
    print(json.dumps({"seconds": seconds, "rows": len(docs)}), flush=True)


def acks() -> list[dict[str, float]]:
    """Add batches of several sizes from one process and from three."""
    return [acknowledged(batch, writers) for batch in BATCHES for writers in WRITERS]


def acknowledged(batch: int, writers: int) -> dict[str, float]:
    """Let `writers` processes add batches at the same time; how many are acknowledged, and their bytes."""
    with folder() as store, contextlib.ExitStack() as stack:
        vectord.open(store, share=False).create("bench", DIMENSION).close()
        adders = [stack.enter_context(child("adder", store, str(batch), str(n))) for n in range(writers)]
        for process in adders:
            process.hear()
        for process in adders:
            process.tell("go")
        told = [process.hear() for process in adders]
        entries = sorted((Path(store) / "_vectors" / "bench" / "log").iterdir())[1:]
        size = sum(entry.stat().st_size for entry in entries) / len(entries)
    times = [one for answer in told for one in answer["times"]]
    return {
        "batch": batch,
        "writers": writers,
        "per_second": sum(len(answer["times"]) / answer["seconds"] for answer in told),
        "least_share": min(len(answer["times"]) for answer in told) / max(1, len(times)),
        "p50_ms": float(np.percentile(times, 50)) * 1e3,
        "p99_ms": float(np.percentile(times, 99)) * 1e3,
        "worst_ms": max(times) * 1e3,
        "bytes": size,
        "over_vectors": size / (batch * DIMENSION * 4),
    }


def reopen() -> dict[str, Any]:
    """Open 39,000 rows with ever more single-row entries behind them; then follow more from a service."""
    opened = []
    with folder() as store:
        with vectord.open(store, share=False) as registry:
            index = registry.create("bench", DIMENSION)
            index.add([f"row-{row:07d}" for row in range(BASE)], make(BASE))
            index.checkpoint()
        seconds = 0.0
        with child("single", store) as writer:
            for more in np.diff(LENGTHS, prepend=0):
                seconds += writer.ask(more)["seconds"]
                with child("opener", store) as reader:
                    opened.append({**reader.hear(), **kinds(store)})
            lags = follow(store, writer)
    return {"opened": opened, "single_per_second": max(LENGTHS) / seconds, "lags_ms": lags}


def follow(store: str, writer: Child) -> list[float]:
    """Ask a service for the newest row, not for fresh reads: how long after its acknowledgement it comes."""
    rows = make(BASE + max(LENGTHS) + FOLLOWED)[-FOLLOWED:]
    serve = [str(Path(sysconfig.get_path("scripts")) / "vectord"), "serve", "--store", store]
    lags = []
    with Child(*serve, "--bind", "127.0.0.1:0", "--log", "error") as service:
        address = service.line().rpartition("http://")[2].strip()
        connection = http.client.HTTPConnection(address)
        for number, row in enumerate(rows, BASE + max(LENGTHS)):
            body = json.dumps({"vector": row.tolist(), "k": 5, "consistency": "bounded"})
            writer.ask(1)
            begun = time.perf_counter()
            while True:
                connection.request("POST", "/vectors/index/bench/search", body)
                if f'"row-{number:07d}"' in connection.getresponse().read().decode():
                    break
                if time.perf_counter() > begun + 10:
                    raise RuntimeError(f"row {number} is not seen")
            lags.append((time.perf_counter() - begun) * 1e3)
    return lags


def ingest() -> dict[str, float]:
    """Add 100,000 rows in batches of 1,000: bytes sent to the disk and left there, over those of vectors."""
    rows = make(INGESTED)
    with folder() as store:
        registry = vectord.open(store)
        index = registry.create("bench", DIMENSION)
        before, begun = written(), time.perf_counter()
        for start in range(0, INGESTED, INGEST_BATCH):
            ids = [f"row-{row:07d}" for row in range(start, start + INGEST_BATCH)]
            index.add(ids, rows[start : start + INGEST_BATCH])
        seconds = time.perf_counter() - begun
        index.flush()
        sent = written() - before
        left = sum(file.stat().st_size for file in Path(store).rglob("*") if file.is_file())
        objects = kinds(store)
        index.close()
    return {
        "rows": INGESTED,
        "rows_per_second": INGESTED / seconds,
        "sent_over_vectors": sent / rows.nbytes,
        "left_over_vectors": left / rows.nbytes,
        "snapshots": objects.get("snap", 0),
        "entries": objects.get("log", 0),
    }


PROBES = {"acks": acks, "reopen": reopen, "ingest": ingest}

if __name__ == "__main__":
    probe, *rest = sys.argv[1:]
    if probe == "adder":
        adder(*rest)
    elif probe == "single":
        single(*rest)
    elif probe == "opener":
        opener(*rest)
    else:
        print(json.dumps(PROBES[probe]()))
