"""Two processes that write the same rows at the same time: one row per id, and the same one for everybody."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import vectord

# Each writer waits until both are there, then upserts the same ids, in an order and with vectors of its own.
# It ends when both are done, and prints what it sees then.
WRITER = """
import sys
import numpy as np, vectord
store, number = sys.argv[1], int(sys.argv[2])
docs = vectord.open(store).get("docs")
rng = np.random.default_rng(number)
vectors = rng.standard_normal((1_000, 8), dtype=np.float32)
order = rng.permutation(1_000)
def meet(what):
    docs.add([f"{what}-{number}"], vectors[:1])
    while not all(f"{what}-{other}" in docs for other in (0, 1)):
        pass
meet("begun")
for part in np.array_split(order, int(sys.argv[3])):
    docs.add([f"id-{i}" for i in part], vectors[part], [{"writer": number}] * len(part))
meet("ended")
stats = docs.stats()
rows = docs.get([f"id-{i}" for i in range(1_000)])
mine = [value["writer"] for value in rows.metadata]
assert len(rows) == 1_000 and docs.validate() == []
print(stats["rows"], stats["seq"], stats["digest"], "".join(map(str, mine)))
"""


@pytest.mark.parametrize("parts", [1, 40])
def test_two_processes_that_upsert_the_same_ids_see_the_same_winners(parts: int, store: str) -> None:
    docs = vectord.open(store).create("docs", 8)
    command = [sys.executable, "-W", "error", "-c", WRITER, store]
    writers = [
        subprocess.Popen(
            [*command, str(number), str(parts)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for number in (0, 1)
    ]
    answers = []
    for writer in writers:
        try:
            out, err = writer.communicate(timeout=120)
        finally:
            writer.kill()
        assert (writer.returncode, err) == (0, "")
        answers.append(out.split())
    assert answers[0] == answers[1]
    rows, seq, digest, winners = answers[0]
    assert int(rows) == 1_004
    # Each row is one writer's whole: its metadata and its vector.
    found = docs.get([f"id-{i}" for i in range(1_000)])
    assert "".join(str(value["writer"]) for value in found.metadata) == winners
    for number in (0, 1):
        vectors = np.random.default_rng(number).standard_normal((1_000, 8), dtype=np.float32)
        mine = np.array([winner == str(number) for winner in winners])
        assert (found.vectors[mine] == vectors[mine]).all()
    # This process followed, and one that opens the store now replays: both hold the same state.
    for other in (docs, vectord.open(store, share=False).get("docs")):
        stats = other.stats()
        assert (stats["rows"], stats["seq"], stats["digest"]) == (int(rows), int(seq), digest)
