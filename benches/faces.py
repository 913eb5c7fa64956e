"""What the way over HTTP costs from Python: `vectord.connect` beside `vectord.open`, in turn; prints JSON.

Two directories with the same rows: this process has opened the one, and `vectord serve` the other.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data import Dataset, K
from forms import BATCH, FORMS
from rows import make
from running import HOST
from services import Vectord

import vectord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PASSES = 3
SEARCHES, BATCHES, ADDS, ADDED = 1_000, 100, 10, 1_000


def times(call: Callable[[Any], object], given: Iterable[Any]) -> list[float]:
    """Return the microseconds of each call."""
    clock, taken = time.perf_counter_ns, []
    for one in given:
        begun = clock()
        call(one)
        taken.append((clock() - begun) / 1e3)
    return taken


def asked(registry: Any, turn: int, dataset: Dataset) -> dict[str, list[float]]:  # noqa: ANN401 - either face
    """Return the times of calls, by what is called."""
    docs, added = registry.get("bench"), registry.create(f"added-{turn}", dataset.base.shape[1])
    queries = [rows[0] for rows in FORMS["raw"].loaded(dataset.queries)][:SEARCHES]
    batches = FORMS["raw64"].loaded(dataset.queries)[:BATCHES]
    parts = [
        ([str(row) for row in range(start, start + ADDED)], dataset.base[start : start + ADDED])
        for start in range(0, ADDS * ADDED, ADDED)
    ]
    # The first searches open the index, and are not counted.
    times(lambda query: docs.search(query, k=K), queries[:50])
    taken = {
        "single": times(lambda query: docs.search(query, k=K), queries),
        "batch": times(lambda rows: docs.search(rows, k=K), batches),
        "add": times(lambda part: added.add(*part), parts),
    }
    # Rows that are still on their way into the graph would be in the way of what comes next.
    added.stats()
    return taken


def measured(faces: dict[str, Any], dataset: Dataset) -> dict[str, dict[str, float]]:
    """Return the medians of calls of each face, by what is called."""
    rounds: dict[str, list[dict[str, list[float]]]] = {name: [] for name in faces}
    for turn in range(PASSES):
        for name, registry in faces.items():
            rounds[name].append(asked(registry, turn, dataset))
    return {
        name: {what: statistics.median(one for taken in told for one in taken[what]) for what in told[0]}
        for name, told in rounds.items()
    }


def main() -> None:
    """Measure, and print what came of it."""
    rows = make(40_000)
    dataset = Dataset("serving", "cosine", rows[:-1_000], rows[-1_000:])
    target = Path(__file__).parents[1] / "target"
    with tempfile.TemporaryDirectory(dir=target) as folder:
        places = [Path(folder) / name for name in ("opened", "served")]
        services = []
        for place in places:
            place.mkdir()
            services.append(Vectord(place))
            services[-1].build(dataset)
        opened, served = services
        with served:
            faces = {
                "open": vectord.open(str(opened.folder / "store")),
                "connect": vectord.connect(f"http://{HOST}:{served.running.port}"),
            }
            told = measured(faces, dataset)
    print(json.dumps({**told, "batch_rows": BATCH, "added_rows": ADDED}))


if __name__ == "__main__":
    main()
