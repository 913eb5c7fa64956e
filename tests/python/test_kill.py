"""Three writers and two readers of one directory are stalled and killed; what was acknowledged is there.

Two writers and one reader are Python through the wheel; the third writer and the second reader are the Rust
binary, `vectord serve`, asked over HTTP. The journals of the writers (kill_writer.py) are what the state, and
the log, are compared with. VECTORD_SEED repeats a run as far as the kernel lets it; VECTORD_SOAK lengthens
it.
"""

from __future__ import annotations

import functools
import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import vectord

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
DIMENSION = 8
OWN = (1, 1, 2, 3, 5, 8, 13, 60)
SHARED = (1, 2, 4, 8)
WRITERS = (0, 1, 2)
BLOCKS = {f"w{writer}b{number}": rows for writer in WRITERS for number, rows in enumerate(OWN)} | {
    f"s{number}": rows for number, rows in enumerate(SHARED)
}
# Opening writes a snapshot when 1,024 entries, or 1 MiB of log, came since the last, and only a second one
# lets anything be deleted: a round without deletion ends before.
MOST_ENTRIES = 1_500
LONGEST_ROUND = 20.0


def ids_of(block: str) -> list[str]:
    return [f"{block}-{row}" for row in range(BLOCKS[block])]


@dataclass
class Send:
    """A batch that a writer was about to write, and what it knows of it."""

    writer: int
    step: int
    op: str
    block: str
    key: str | None
    # The acknowledgement; without one the batch may be in, with a seq in `after < seq < before`.
    seq: int | None = None
    count: int = 0
    after: float = 0
    before: float = float("inf")

    @property
    def wrote(self) -> bool:
        """Whether it is an entry of the log: deleting what is not there is none."""
        return self.seq is not None and (self.op == "add" or self.count > 0)

    @property
    def outcome(self) -> list[list[int]]:
        """Who wrote the rows of the block if this was the last to touch it."""
        return [[self.writer, self.step]] if self.op == "add" else []


class Process:
    """One that is killed and started again."""

    def __init__(self, *command: str, journal: Path, address: Path | None = None) -> None:
        """Start it. A service tells its `address`, which is put into that file."""
        self.command, self.journal, self.address = command, journal, address
        self.kills = 0
        self.start()

    def start(self) -> None:
        """Start it."""
        self.noted = self.size()
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if self.address else None,
            text=True,
            env={**os.environ, "VECTORD_LOG": "error"},
        )
        if self.address:
            assert self.process.stdout is not None
            told = self.process.stdout.readline()
            part = self.address.with_suffix(".part")
            part.write_text(told.rpartition("http://")[2].strip(), encoding="utf-8")
            part.replace(self.address)

    def size(self) -> int:
        """Return how much its journal, or that of the one who asks it, holds."""
        return self.journal.stat().st_size if self.journal.exists() else 0

    def has_noted(self, characters: int = 1) -> bool:
        """Whether it has done something since it was started, and noted so much of it."""
        return self.size() >= self.noted + characters

    def kill(self) -> None:
        """End it as a power cut would, as far as processes go."""
        assert self.process.poll() is None, f"{self.command} ended by itself: {self.process.returncode}"
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.kills += 1
        for stream in (self.process.stdin, self.process.stdout):
            if stream:
                stream.close()


def until(what: str, condition: Callable[[], bool], *alive: Process) -> None:
    """Wait for something that must come."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, f"no {what} within a minute"
        for process in alive:
            assert process.process.poll() is None, f"{process.command} ended by itself"
        time.sleep(0.01)


@pytest.fixture(scope="session")
def binary() -> str:
    """Return the path of the Rust binary, which `make test` builds beside the wheel."""
    target = os.environ.get("CARGO_TARGET_DIR") or HERE.parents[1] / "target"
    path = Path(target) / "debug" / "vectord"
    if not path.is_file():
        pytest.skip("binary: not built; run `cargo build --bin vectord`")
    return str(path)


class Round:
    """Processes on a directory, until it is over; then what they noted."""

    def __init__(self, folder: Path, binary: str, seed: int, *, checkpoints: bool) -> None:
        """Make an index and start them all."""
        folder.mkdir()
        self.folder, self.binary, self.seed = folder, binary, seed
        self.store = folder / "vectors"
        vectord.open(self.store, share=False).create("docs", dimension=DIMENSION).close()
        blocks = folder / "blocks.json"
        blocks.write_text(json.dumps([ids_of(block) for block in BLOCKS]), encoding="utf-8")
        serve = (binary, "serve", "--store", str(self.store), "--bind", "127.0.0.1:0")

        def script(name: str, where: str, *arguments: object) -> tuple[str, ...]:
            return (sys.executable, str(HERE / name), where, *map(str, arguments))

        def journal(name: str) -> Path:
            return folder / f"{name}.jsonl"

        def writer(number: int, where: str) -> tuple[str, ...]:
            told = "checkpoints" if checkpoints else "none"
            return script("kill_writer.py", where, journal(f"writer{number}"), number, seed, told)

        self.writers = [
            Process(*writer(number, str(self.store)), journal=journal(f"writer{number}")) for number in (0, 1)
        ]
        written, asked = folder / "written", folder / "asked"
        self.writers.append(Process(*serve, journal=journal("writer2"), address=written))
        self.client = Process(*writer(2, f"@{written}"), journal=journal("writer2"))
        self.reader = Process(
            *script("kill_reader.py", str(self.store), journal("reader0"), blocks), journal=journal("reader0")
        )
        self.service = Process(*serve, journal=journal("reader1"), address=asked)
        self.asker = Process(
            *script("kill_reader.py", f"@{asked}", journal("reader1"), blocks), journal=journal("reader1")
        )

    def run(self, seconds: float, most_entries: float) -> None:
        """Stall and kill, each as often as the others, for `seconds` or until the log has `most_entries`."""
        rng = random.Random(self.seed)  # noqa: S311 - it has to repeat
        victims = [*self.writers, self.reader, self.service]
        end = time.monotonic() + seconds
        order: list[Process] = []
        while (order or time.monotonic() < end) and self.entries() < most_entries:
            order = order or rng.sample(victims, len(victims))
            time.sleep(rng.uniform(0.01, 0.2))
            # Some are killed while they open the index, most while they work.
            work = rng.choice([0, 1, 1, 300, 1_500])
            victim = order.pop()
            # Another stands still meanwhile: what it was about to write, the log may have left behind.
            stalled = rng.choice([process for process in victims if process is not victim])
            stalled.process.send_signal(signal.SIGSTOP)
            until("work", functools.partial(victim.has_noted, work), *victims, self.client, self.asker)
            victim.kill()
            victim.start()
            stalled.process.send_signal(signal.SIGCONT)
        self.kills = sum(victim.kills for victim in victims)
        for process in [self.client, *self.writers]:
            process.kill()
        until(
            "reading", lambda: self.reader.has_noted() and self.service.has_noted(), self.reader, self.asker
        )

    def entries(self) -> int:
        """Count the entries that stand in the log."""
        return sum(1 for _ in (self.store / "_vectors" / "docs" / "log").iterdir())

    def end(self) -> None:
        """End whatever still runs."""
        for process in [self.reader, self.asker, self.service, self.client, *self.writers]:
            if process.process.poll() is None:
                process.kill()

    def seen_last(self, process: Process) -> dict[str, Any]:
        """End a reader, and return what it saw last."""
        process.process.communicate(timeout=60)
        assert process.process.returncode == 0
        last: dict[str, Any] = notes(process.journal)[-1]
        return last

    def tell(self, *command: str) -> dict[str, Any]:
        """Return what a command of the binary tells."""
        done = subprocess.run([self.binary, *command, "--json"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        return told


def notes(journal: Path) -> list[dict[str, Any]]:
    """Return the lines of a journal, without the one that a kill cut off."""
    lines = journal.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.endswith("}")]


def sends_of(journal: Path, writer: int) -> list[Send]:
    """Return the batches of a writer, each with what is known of its place in the log."""
    sends: dict[int, Send] = {}
    waiting: dict[int, Send] = {}
    last = 0
    for note in notes(journal):
        if "step" in note:
            send = Send(writer, note["step"], note["op"], note["block"], note["key"], after=last)
            sends[send.step] = waiting[send.step] = send
        elif "ack" in note:
            send = waiting.pop(note["ack"])
            send.seq, send.count = note["seq"], note["count"]
            last = max(last, note["seq"])
            for lost in waiting.values():
                lost.before = min(lost.before, note["seq"] + (0 if send.wrote else 1))
    return list(sends.values())


def check_log(log: dict[str, Any], sends: list[Send]) -> None:
    """Every acknowledged batch is there once, others at most once; these get their place from the log."""
    entries = log["entries"]
    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1)), "deletion was to be off"
    assert all(entry["error"] is None for entry in entries)
    batches = [(entry["writer_id"], entry["writer_batch"]) for entry in entries]
    assert len(set(batches)) == len(batches)
    by_key: dict[str, tuple[int, dict[str, Any]]] = {}
    keyless: dict[int, dict[str, Any]] = {}
    for entry in entries:
        ops = [op for op in entry["ops"] if op["kind"] in {"upsert", "delete"}]
        assert len(ops) <= 1, "each writer waits for its answer: nothing can be grouped"
        for op in ops:
            if key := op["idempotency_key"]:
                assert key not in by_key, f"{key} is in twice: {by_key[key][0]} and {entry['seq']}"
                by_key[key] = entry["seq"], op
            else:
                keyless[entry["seq"]] = op
    for send in sends:
        kind = "upsert" if send.op == "add" else "delete"
        if send.key and send.key in by_key:
            seq, op = by_key.pop(send.key)
            assert send.seq in {None, seq}, f"{send} was acknowledged at {send.seq} and is at {seq}"
            assert (op["kind"], op["count"]) == (kind, BLOCKS[send.block])
            send.seq, send.count = seq, op["count"]
        elif send.wrote:
            known = keyless.pop(send.seq or 0, None)
            assert known is not None, f"{send} was acknowledged and is not in the log"
            assert (known["kind"], known["count"]) == (kind, BLOCKS[send.block]), send
        elif send.key:
            send.before = send.after
    assert not by_key, "never sent"
    lost = sorted((send for send in sends if send.seq is None and not send.key), key=lambda send: send.before)
    for seq, op in keyless.items():
        fits = [
            send
            for send in lost
            if send.after < seq < send.before and op["count"] == BLOCKS[send.block]
            if (op["kind"] == "upsert") == (send.op == "add")
        ]
        assert fits, f"entry {seq} was never sent, or is in twice: {op}"
        lost.remove(fits[0])


def check_rows(rows: dict[str, list[list[int]]], sends: list[Send]) -> None:
    """Each block is what its last writer made of it: by seq, or one whose seq nobody knows."""
    for block in BLOCKS:
        touched = [send for send in sends if send.block == block]
        known = [send for send in touched if send.wrote and send.seq is not None]
        winner = max(known, key=lambda send: send.seq or 0, default=None)
        newest = winner.seq or 0 if winner else 0
        allowed = [winner.outcome if winner else []]
        allowed += [
            send.outcome for send in touched if send.seq is None and send.before > max(newest, send.after)
        ]
        assert rows[ids_of(block)[0]] in allowed, f"{block}: the winner is {winner}"


def check_vectors(docs: vectord.Index, seed: int) -> dict[str, list[list[int]]]:
    """Every row has the vector that the one whom its metadata names gave it; returns who wrote each block."""
    rows, total = {}, 0
    for block in BLOCKS:
        ids = ids_of(block)
        found = docs.get(ids)
        total += len(found)
        wrote = {(told["writer"], told["step"]) for told in found.metadata}
        assert len(wrote) <= 1, f"{block} is half one batch and half another: {wrote}"
        rows[ids[0]] = [list(pair) for pair in wrote]
        if wrote:
            assert found.ids.tolist() == ids
            rng = np.random.default_rng([seed, *wrote.pop()])
            given = rng.standard_normal((len(ids), DIMENSION), dtype=np.float32)
            assert found.vectors.tobytes() == given.tobytes(), f"{block} has other vectors than it was given"
    assert len(docs) == total, "rows that nobody sent"
    return rows


def check_reads(journal: Path) -> int:
    """No read was wrong, and none older than the one before; returns how many there were."""
    reads = [note for note in notes(journal) if "rows" not in note]
    assert [note for note in reads if "bad" in note] == []
    seqs = [note["seq"] for note in reads]
    assert seqs == sorted(seqs), "a reader went back"
    return len(reads)


def play(folder: Path, binary: str, seed: int, seconds: float, *, checkpoints: bool) -> dict[str, int]:
    """Run a round and compare everything with the journals; returns what happened."""
    over = Round(folder, binary, seed, checkpoints=checkpoints)
    try:
        over.run(seconds, float("inf") if checkpoints else MOST_ENTRIES)
        live = [over.seen_last(over.reader), over.seen_last(over.asker)]
    finally:
        over.end()
    sends = [send for writer in WRITERS for send in sends_of(over.folder / f"writer{writer}.jsonl", writer)]
    written = [send.seq for send in sends if send.wrote]
    assert len(set(written)) == len(written), "two batches were acknowledged with one seq"
    acks = sum(send.seq is not None for send in sends)
    log = over.tell("log", str(over.store), "docs")
    if not checkpoints:
        check_log(log, sends)

    with vectord.open(over.store, share=False) as registry:
        docs = registry.get("docs")
        rows = check_vectors(docs, seed)
        assert docs.validate() == []
        fresh = docs.stats()
        length = len(docs)
    check_rows(rows, sends)
    verified = over.tell("verify", str(over.store), "docs")["indexes"][0]
    assert verified["ok"], verified
    assert all(seen["rows"] == rows and seen["seq"] == fresh["seq"] for seen in live)
    assert live[0]["broken"] == []
    assert live[1]["length"] == verified["rows"] == length
    assert fresh["digest"] == live[0]["digest"] == verified["digest"]

    told = [note for writer in WRITERS for note in notes(over.folder / f"writer{writer}.jsonl")]
    return {
        "kills": over.kills,
        "acknowledged": acks,
        "lost": sum(send.seq is None for send in sends),
        "keys": sum(send.key is not None for send in sends),
        "sent again": sum("again" in note for note in told),
        "entries": fresh["seq"],
        "rows": length,
        "checkpoints": sum("checkpoint" in note for note in told),
        "reads": sum(check_reads(over.folder / f"reader{number}.jsonl") for number in (0, 1)),
    }


@pytest.mark.parametrize("checkpoints", [False, True], ids=["deletion_off", "checkpoints"])
def test_acknowledged_batches_survive_sigkill_once_and_whole(
    checkpoints: bool,  # noqa: FBT001 - a parameter of the claim
    tmp_path: Path,
    binary: str,
    soak_seconds: float,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = int(os.environ.get("VECTORD_SEED") or random.randrange(1 << 32))  # noqa: S311 - any will do
    total: dict[str, int] = {}
    end = time.monotonic() + soak_seconds
    seed = first
    while seed == first or time.monotonic() < end:
        print(f"VECTORD_SEED={seed}")
        left = max(end - time.monotonic(), 1)
        happened = play(tmp_path / str(seed), binary, seed, min(left, LONGEST_ROUND), checkpoints=checkpoints)
        for what, count in happened.items():
            total[what] = total.get(what, 0) + count
        seed += 1
    with capsys.disabled():
        figures = ", ".join(f"{count:,} {what}" for what, count in total.items())
        which = "with checkpoints" if checkpoints else "without deletion"
        print(f"\nkilled {which}, VECTORD_SEED={first}, {seed - first} rounds: {figures}")
