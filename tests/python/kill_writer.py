"""A writer of test_kill.py: it notes what it is about to write, writes it, and notes the acknowledgement.

`python kill_writer.py WHERE JOURNAL WRITER SEED CHECKPOINTS` writes through the installed wheel if WHERE is a
store, or to the service whose address stands in the file `@WHERE`. What it does at its step n depends on
SEED, WRITER and n only. Killed and started again, it first sends again, under the same key, what had a key
and was not acknowledged; then it goes on.

The rows come in blocks: all ids of a block are written, or deleted, by one batch, so that a reader can tell
when it sees half of one. The metadata of each row names the writer and the step that wrote it.
"""

from __future__ import annotations

import http.client
import json
import random
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

DIMENSION = 8
OWN = (1, 1, 2, 3, 5, 8, 13, 60)
SHARED = (1, 2, 4, 8)


class Lost(Exception):  # noqa: N818 - not an error of the writer's: its service was killed
    """No answer came: it is not known whether anything was written."""


def block(name: str, rows: int) -> list[str]:
    """Return the ids of a block."""
    return [f"{name}-{row}" for row in range(rows)]


class Wheel:
    """The index in this process."""

    def __init__(self, store: str) -> None:
        """Open it."""
        import vectord  # noqa: PLC0415 - the other kind of writer has no need of it

        self.docs = vectord.open(store).get("docs")

    def add(
        self, ids: list[str], vectors: npt.NDArray[np.float32], told: dict[str, int], key: str | None
    ) -> tuple[int, int]:
        """Write a block; returns the seq and how many rows were written."""
        added = self.docs.add(ids, vectors, [told] * len(ids), idempotency_key=key)
        assert added.seq is not None
        return added.seq, added.added

    def delete(self, ids: list[str]) -> tuple[int, int]:
        """Delete a block; returns the seq and how many rows there were."""
        deleted = self.docs.delete(ids)
        assert deleted.seq is not None
        assert deleted.deleted is not None
        return deleted.seq, deleted.deleted

    def checkpoint(self) -> int:
        """Write a snapshot, and delete what nobody needs any more."""
        return self.docs.checkpoint()


class Service:
    """The index behind a service that may be killed at any time, and then has another address."""

    def __init__(self, address: str) -> None:
        """Note the file that the address stands in."""
        self.address = Path(address)

    def post(self, what: str, body: object, headers: dict[str, str]) -> dict[str, Any]:
        """Ask the service that is there now."""
        try:
            connection = http.client.HTTPConnection(self.address.read_text(encoding="utf-8"), timeout=60)
            text = json.dumps(body) if body is not None else None
            connection.request("POST", f"/vectors/index/docs/{what}", text, headers)
            answer = connection.getresponse()
            told: dict[str, Any] = json.load(answer)
        except (OSError, http.client.HTTPException, json.JSONDecodeError) as error:
            raise Lost from error
        if answer.status != http.client.OK:
            raise RuntimeError(f"{what}: {answer.status} {told}")
        return told

    def add(
        self, ids: list[str], vectors: npt.NDArray[np.float32], told: dict[str, int], key: str | None
    ) -> tuple[int, int]:
        """Write a block; returns the seq and how many rows were written."""
        rows = zip(ids, vectors.tolist(), strict=True)
        items = [{"id": row, "vector": vector, "metadata": told} for row, vector in rows]
        answer = self.post("add", {"items": items}, {"Idempotency-Key": key} if key else {})
        return answer["seq"], answer["added"]

    def delete(self, ids: list[str]) -> tuple[int, int]:
        """Delete a block; returns the seq and how many rows there were."""
        answer = self.post("delete", {"ids": ids}, {})
        return answer["seq"], answer["deleted"]

    def checkpoint(self) -> int:
        """Write a snapshot, and delete what nobody needs any more."""
        return int(self.post("checkpoint", None, {})["seq"])


class Writer:
    """The steps of one writer, and the journal that tells of them."""

    def __init__(
        self, where: Wheel | Service, journal: Path, writer: int, seed: int, *, checkpoints: bool
    ) -> None:
        """Read what was noted before this process began."""
        self.where, self.writer, self.seed, self.checkpoints = where, writer, seed, checkpoints
        text = journal.read_text(encoding="utf-8") if journal.exists() else ""
        self.open: dict[int, dict[str, Any]] = {}
        self.step = 0
        for line in text.splitlines():
            try:
                noted = json.loads(line)
            except json.JSONDecodeError:
                continue
            if "step" in noted:
                self.step = noted["step"] + 1
                self.open[noted["step"]] = noted
            elif "ack" in noted:
                del self.open[noted["ack"]]
        self.journal = journal.open("a", encoding="utf-8", buffering=1)
        if text and not text.endswith("\n"):
            self.journal.write("\n")

    def note(self, **told: object) -> None:
        """Write one line, all at once."""
        self.journal.write(json.dumps(told) + "\n")

    def run(self) -> None:
        """Write until killed."""
        for send in list(self.open.values()):
            if send["key"]:
                self.send(send, again=True)
        while True:
            self.take_step()
            self.step += 1

    def take_step(self) -> None:
        """Do what this step is to do."""
        rng = random.Random(f"{self.seed} {self.writer} {self.step}")  # noqa: S311 - it has to repeat
        dice = rng.random()
        if dice < 0.04 and self.checkpoints:
            try:
                self.note(checkpoint=self.where.checkpoint())
            except Lost:
                self.wait()
            return
        own = dice < 0.75
        number = rng.randrange(len(OWN if own else SHARED))
        send = {
            "step": self.step,
            "op": "delete" if rng.random() < 0.2 else "add",
            "block": f"w{self.writer}b{number}" if own else f"s{number}",
            "rows": (OWN if own else SHARED)[number],
            "key": f"w{self.writer}-{self.step}" if rng.random() < 0.6 else None,
        }
        if send["op"] == "delete":
            send["key"] = None
        self.note(**send)
        self.send(send, again=False)

    def send(self, send: dict[str, Any], *, again: bool) -> None:
        """Write, until it is acknowledged or there is no way to ask again."""
        ids = block(send["block"], send["rows"])
        rng = np.random.default_rng([self.seed, self.writer, send["step"]])
        vectors = rng.standard_normal((len(ids), DIMENSION), dtype=np.float32)
        told = {"writer": self.writer, "step": send["step"]}
        while True:
            if again:
                self.note(again=send["step"])
            try:
                if send["op"] == "add":
                    seq, count = self.where.add(ids, vectors, told, send["key"])
                else:
                    seq, count = self.where.delete(ids)
            except Lost:
                self.wait()
                if not send["key"]:
                    return
                again = True
            else:
                self.note(ack=send["step"], seq=seq, count=count)
                return

    def wait(self) -> None:
        """Let the next service start."""
        time.sleep(0.02)


if __name__ == "__main__":
    place, journal_path, number, seed_text, allowed = sys.argv[1:]
    target = Service(place[1:]) if place.startswith("@") else Wheel(place)
    Writer(
        target, Path(journal_path), int(number), int(seed_text), checkpoints=allowed == "checkpoints"
    ).run()
