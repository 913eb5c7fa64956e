"""vectord, Chroma and LanceDB on a directory, behind one small interface: `neighbours.py PROBE LIBRARY`.

processes.py runs each probe in a process of its own, that of the peers in a virtual environment of theirs.
Each library keeps its defaults, and adds by its plainest call. `lancedb strong` reads with an interval of
zero, which is what its documentation gives for reads that see what others wrote.
"""

from __future__ import annotations

import importlib
import json
import os
import statistics
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from children import Child
from rows import DIMENSION, make

Rows = npt.NDArray[np.float32]
QUICK = 10 if "VECTORD_BENCH_QUICK" in os.environ else 1
# On the disk that the project is on: /tmp may be memory.
DISK = Path(__file__).parents[1] / "target"
FIRST = 1_000
SINGLE = 300 // QUICK
LARGE, LARGE_ROWS = 30 // QUICK, 128
FRESH = 100 // QUICK


class Library(Protocol):
    """An index on a directory."""

    def __init__(self, folder: str) -> None:
        """Open it, or create it."""

    def add(self, ids: list[str], rows: Rows) -> None:
        """Add rows; when it returns they are as safe as the library makes them."""

    def nearest(self, row: Rows) -> str:
        """Return the id of the nearest row."""


class Vectord:
    """vectord."""

    def __init__(self, folder: str) -> None:
        """Open the index, or create it."""
        vectord = importlib.import_module("vectord")
        self.index: Any = vectord.open(folder).get_or_create("bench", DIMENSION)

    def add(self, ids: list[str], rows: Rows) -> None:
        """Add rows."""
        self.index.add(ids, rows)

    def nearest(self, row: Rows) -> str:
        """Return the id of the nearest row."""
        return "".join(self.index.search(row, k=1).ids)


class Chroma:
    """Chroma's persistent client."""

    def __init__(self, folder: str) -> None:
        """Open the collection, or create it."""
        chromadb = importlib.import_module("chromadb")
        settings = chromadb.config.Settings(anonymized_telemetry=False)
        self.client: Any = chromadb.PersistentClient(folder, settings)
        self.collection = self.client.get_or_create_collection(
            "bench", embedding_function=None, metadata={"hnsw:space": "cosine"}
        )

    def add(self, ids: list[str], rows: Rows) -> None:
        """Add rows."""
        self.collection.add(ids=ids, embeddings=rows)

    def nearest(self, row: Rows) -> str:
        """Return the id of the nearest row."""
        return "".join(self.collection.query(query_embeddings=[row], n_results=1)["ids"][0])


class Lancedb:
    """LanceDB's embedded connection; without an index, since it builds none by itself."""

    interval: timedelta | None = None

    def __init__(self, folder: str) -> None:
        """Open the table, or create it."""
        self.arrow = importlib.import_module("pyarrow")
        connection: Any = importlib.import_module("lancedb").connect(
            folder, read_consistency_interval=self.interval
        )
        self.schema = self.arrow.schema(
            [("id", self.arrow.string()), ("vector", self.arrow.list_(self.arrow.float32(), DIMENSION))]
        )
        self.table = connection.create_table("bench", schema=self.schema, exist_ok=True)

    def add(self, ids: list[str], rows: Rows) -> None:
        """Add rows."""
        vectors = self.arrow.FixedSizeListArray.from_arrays(self.arrow.array(rows.ravel()), DIMENSION)
        self.table.add(self.arrow.Table.from_arrays([self.arrow.array(ids), vectors], schema=self.schema))

    def nearest(self, row: Rows) -> str:
        """Return the id of the nearest row."""
        found = self.table.search(row).distance_type("cosine").limit(1).to_list()
        return "".join(hit["id"] for hit in found)


class LancedbStrong(Lancedb):
    """LanceDB, looking for newer versions before each read."""

    interval = timedelta(0)


LIBRARIES: dict[str, type[Library]] = {
    "vectord": Vectord,
    "chromadb": Chroma,
    "lancedb": Lancedb,
    "lancedb strong": LancedbStrong,
}


def strangers() -> Rows:
    """Return rows of which no two are alike."""
    return np.random.default_rng(2).standard_normal((FIRST + 100, DIMENSION), dtype=np.float32)


def named(start: int, count: int) -> list[str]:
    """Return the ids of rows."""
    return [f"row-{row:07d}" for row in range(start, start + count)]


def adds(library: str) -> dict[str, float]:
    """Add after 1,000 rows: one by one, then 128 at a time; what it costs in time and on the disk."""
    rows = make(FIRST + SINGLE + LARGE * LARGE_ROWS)
    with tempfile.TemporaryDirectory(dir=DISK) as folder:
        index = LIBRARIES[library](folder)
        index.add(named(0, FIRST), rows[:FIRST])

        def rate(start: int, batches: int, size: int) -> float:
            times = []
            for batch in range(batches):
                first = start + batch * size
                begun = time.perf_counter()
                index.add(named(first, size), rows[first : first + size])
                times.append(time.perf_counter() - begun)
            return 1 / statistics.mean(times)

        single = rate(FIRST, SINGLE, 1)
        large = rate(FIRST + SINGLE, LARGE, LARGE_ROWS)
        files = [file for file in Path(folder).rglob("*") if file.is_file()]
        used = sum(file.stat().st_blocks * 512 for file in files)
    return {
        "asked": FRESH,
        "single": single,
        "large": large,
        "objects": len(files),
        "bytes_over_rows": used / rows.nbytes,
    }


def fresh(library: str) -> dict[str, float]:
    """Count how many of 100 rows an open process sees at once when another was told that they are in."""
    rows = strangers()
    with tempfile.TemporaryDirectory(dir=DISK) as folder:
        LIBRARIES[library](folder).add(named(0, FIRST), rows[:FIRST])
        with Child(sys.executable, __file__, "write", library, folder) as writer:
            reader = LIBRARIES[library](folder)
            reader.nearest(rows[0])
            seen = 0
            for row, name in enumerate(named(FIRST, FRESH), FIRST):
                writer.ask(row)
                seen += reader.nearest(rows[row]) == name
    return {"seen": seen}


def synced(library: str, count: str) -> None:
    """Add so many rows one by one, for strace to count what is asked of the disk."""
    rows = strangers()
    with tempfile.TemporaryDirectory(dir=DISK) as folder:
        index = LIBRARIES[library](folder)
        index.add(named(0, FIRST), rows[:FIRST])
        for row in range(FIRST, FIRST + int(count)):
            index.add(named(row, 1), rows[row : row + 1])
    # Closing is no part of it.
    os._exit(0)


def write(library: str, folder: str) -> None:
    """Add the rows that standard input names, and tell of each when it is in."""
    rows = strangers()
    index = LIBRARIES[library](folder)
    for line in sys.stdin:
        row = int(line)
        index.add(named(row, 1), rows[row : row + 1])
        print(row, flush=True)


if __name__ == "__main__":
    probe, name, *rest = sys.argv[1:]
    if probe == "write":
        write(name, *rest)
    elif probe == "synced":
        synced(name, *rest)
    else:
        answer = {"adds": adds, "fresh": fresh}[probe](name)
        # Whatever a library prints of its own accord stands before the last line.
        print(json.dumps(answer), flush=True)
        # Not every library lets the interpreter end by itself.
        os._exit(0)
