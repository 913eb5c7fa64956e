"""The four forms in which a search is asked over HTTP: one query or 64, as JSON or as raw f32."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from data import QUERIES, Ids, K, Rows

BATCH = 64
# Batches begin so many queries apart under load, so that there are many of them.
STRIDE = 8
ID = np.dtype("<u4")


@dataclass(frozen=True)
class Form:
    """How many queries a request has, and how they are written."""

    name: str
    title: str
    queries: int
    raw: bool

    @property
    def kind(self) -> str:
        """The media type of both ways."""
        return "application/octet-stream" if self.raw else "application/json"

    def asked(self, queries: Rows) -> list[Rows]:
        """Return what the requests ask that ask for every query once, the last of them wrapping around."""
        return self.apart(queries, self.queries)

    def loaded(self, queries: Rows) -> list[Rows]:
        """Return what the different requests of a load ask."""
        return self.apart(queries, 1 if self.queries == 1 else STRIDE)

    def apart(self, queries: Rows, step: int) -> list[Rows]:
        """Return groups of queries that begin `step` apart."""
        group = np.arange(self.queries)
        return [queries[(start + group) % len(queries)] for start in range(0, len(queries), step)]


FORMS = {
    form.name: form
    for form in (
        Form("json", "One query, JSON", 1, raw=False),
        Form("raw", "One query, raw f32", 1, raw=True),
        Form("json64", f"{BATCH} queries, JSON", BATCH, raw=False),
        Form("raw64", f"{BATCH} queries, raw f32", BATCH, raw=True),
    )
}


def matrix(lists: list[list[int]]) -> Ids:
    """Return what was found for each query as rows of K ids; -1 stands for one that is missing."""
    return np.array([[*ids, *[-1] * (K - len(ids))] for ids in lists[:QUERIES]], dtype=np.int64)


def read_vht1(answer: bytes) -> list[list[int]]:
    """Read the ids of vectord's binary answer (FORMAT.md, section 6), which has metadata and no vectors."""
    magic, version, flags, _, lists, dimension = struct.unpack_from("<4sHHQII", answer)
    if (magic, version, flags & ~1, dimension) != (b"VHT1", 1, 2, 0):
        raise ValueError(f"no binary answer: {answer[:24].hex()}")
    at, found = 24, []
    for _ in range(lists):
        rows = int.from_bytes(answer[at : at + 4], "little")
        at += 8 + 4 * rows
        texts, at = table(answer, at, rows)
        found.append([int(text) for text in texts])
        _, at = table(answer, at, rows)
        at += -at % 4
    return found


def table(answer: bytes, at: int, count: int) -> tuple[list[bytes], int]:
    """Read a table of strings, and return where it ends."""
    ends = np.frombuffer(answer, ID, count + 1, at).astype(int) + at + 4 * (count + 1)
    return [answer[first:last] for first, last in pairwise(ends)], int(ends[-1])
