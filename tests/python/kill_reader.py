"""A reader of test_kill.py: it searches and gets until its standard input ends, and notes each answer.

`python kill_reader.py WHERE JOURNAL BLOCKS` reads through the installed wheel if WHERE is a store, or from
the service whose address stands in the file `@WHERE`. BLOCKS is a file of JSON: lists of the ids that are
written by one batch each. A line of the journal holds the seq of a search and, under `bad`, what must never
be seen. The last line tells the state at the end and, under `rows`, who wrote each block.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import select
import sys
import time
from pathlib import Path
from typing import Any

DIMENSION = 8


class Lost(Exception):  # noqa: N818 - not an error of the reader's: its service was killed
    """No answer came."""


class Wheel:
    """The index in this process."""

    def __init__(self, store: str) -> None:
        """Open it."""
        import vectord  # noqa: PLC0415 - the other kind of reader has no need of it

        self.docs = vectord.open(store).get("docs")

    def search(self, query: list[float]) -> tuple[int, list[str]]:
        """Return the seq of the answer and its ids."""
        hits = self.docs.search(query, k=20)
        return hits.seq, hits.ids.tolist()

    def get(self, ids: list[str]) -> list[Any]:
        """Return the metadata of the rows that are there."""
        return self.docs.get(ids).metadata

    def end(self) -> dict[str, Any]:
        """Return the state that this process has come to."""
        self.docs.refresh()
        stats = self.docs.stats()
        return {"seq": stats["seq"], "digest": stats["digest"], "broken": self.docs.validate()}


class Service:
    """The index behind a service that may be killed at any time, and then has another address."""

    def __init__(self, address: str) -> None:
        """Note the file that the address stands in."""
        self.address = Path(address)

    def ask(self, method: str, what: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask the service that is there now."""
        try:
            connection = http.client.HTTPConnection(self.address.read_text(encoding="utf-8"), timeout=60)
            connection.request(method, f"/vectors/index/docs{what}", json.dumps(body) if body else None)
            answer = connection.getresponse()
            told: dict[str, Any] = json.load(answer)
        except (OSError, http.client.HTTPException, json.JSONDecodeError) as error:
            raise Lost from error
        if answer.status != http.client.OK:
            raise RuntimeError(f"{what}: {answer.status} {told}")
        return told

    def search(self, query: list[float]) -> tuple[int, list[str]]:
        """Return the seq of the answer and its ids."""
        answer = self.ask("POST", "/search", {"vector": query, "k": 20})
        return answer["seq"], [hit["id"] for hit in answer["results"]]

    def get(self, ids: list[str]) -> list[Any]:
        """Return the metadata of the rows that are there."""
        return [row["metadata"] for row in self.ask("POST", "/get", {"ids": ids})["items"]]

    def end(self) -> dict[str, Any]:
        """Return the state that the service has come to."""
        return {"seq": self.ask("GET", "/stats")["seq"], "length": self.ask("GET", "")["length"]}


def ended() -> bool:
    """Tell whether standard input was closed."""
    ready, _, _ = select.select([sys.stdin], [], [], 0)
    return bool(ready) and os.read(0, 1) == b""


def writers(rows: list[Any]) -> list[list[int]]:
    """Return who wrote the rows."""
    return [list(pair) for pair in sorted({(row["writer"], row["step"]) for row in rows})]


def read(where: Wheel | Service, ids: list[str], rng: random.Random) -> dict[str, Any]:
    """Search for something and get a block: what came back, and what is wrong with it."""
    seq, found = where.search([rng.gauss(0, 1) for _ in range(DIMENSION)])
    noted: dict[str, Any] = {"seq": seq}
    if len(set(found)) < len(found):
        noted["bad"] = f"one id twice: {found}"
    rows = where.get(ids)
    if len(rows) not in {0, len(ids)} or len(writers(rows)) > 1:
        noted["bad"] = f"half a batch: {len(rows)} of {len(ids)} rows of {ids[0]}, by {writers(rows)}"
    return noted


def main() -> None:
    """Read until told to end."""
    place, journal_path, blocks_path = sys.argv[1:]
    where = Service(place[1:]) if place.startswith("@") else Wheel(place)
    blocks: list[list[str]] = json.loads(Path(blocks_path).read_text(encoding="utf-8"))
    rng = random.Random(os.getpid())  # noqa: S311 - any order will do
    with Path(journal_path).open("a", encoding="utf-8", buffering=1) as journal:
        journal.write("\n")
        while not ended():
            try:
                journal.write(json.dumps(read(where, rng.choice(blocks), rng)) + "\n")
            except Lost:  # noqa: PERF203 - the loop is there to go on
                time.sleep(0.02)
        rows = {ids[0]: writers(where.get(ids)) for ids in blocks}
        journal.write(json.dumps({**where.end(), "rows": rows}) + "\n")


if __name__ == "__main__":
    main()
