"""The filters that filters.py measures, the metadata they are about, and what the exact answers are.

Random ones: a field of each share, 1 in so many rows by chance and 0 in the others. Three depend on the
query: rows of its own package, rows in the five clusters nearest to it of a hundred, and all but those.
With VECTORD_DATA the rows are text embeddings and packages are real; without it a made set stands in, whose
packages are neighbourhoods. Everything is computed once, into a file that each library's process reads.
"""

from __future__ import annotations

import gzip
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from data import K, Rows, load, unit

SHARES = {"50 %": 0.5, "10 %": 0.1, "5 %": 0.05, "1 %": 0.01, "0.1 %": 0.001, "0.01 %": 0.0001}
PACKAGE, NEAR, FAR = "same package", "nearest clusters", "all but the nearest clusters"
CASES = (*SHARES, PACKAGE, NEAR, FAR)
CLUSTERS, NEAREST = 100, 5
Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


def field(share: str) -> str:
    """Return the name of the field that is 1 in this share of the rows."""
    return f"in_{share.removesuffix(' %').replace('.', '_')}"


@dataclass(frozen=True)
class Filter:
    """A condition on one field: `eq` a value, `in` a list, or `nin` a list; and the rows that pass."""

    field: str
    sign: str
    operand: Any
    mask: Mask


@dataclass(frozen=True)
class Cases:
    """Rows with their metadata in columns, held-out queries, and per case what is true of each query."""

    base: Rows
    queries: Rows
    columns: dict[str, npt.NDArray[Any]]
    # Per query.
    packages: list[str]
    near: Ints
    # Per case and query: how many rows pass, and how far the tenth of them is, or the last.
    counts: dict[str, Ints]
    tenth: dict[str, npt.NDArray[np.float64]]

    def asked(self, case: str) -> list[int]:
        """Return the queries of a case: those for which some row passes."""
        return [int(query) for query in np.flatnonzero(self.counts[case])]

    def filters(self, case: str, queries: list[int]) -> list[Filter]:
        """Return the filters of queries: one and the same where the case is a share."""
        if case in SHARES:
            return [Filter(field(case), "eq", 1, self.mask(case, 0))] * len(queries)
        return [self.filter(case, query) for query in queries]

    def filter(self, case: str, query: int) -> Filter:
        """Return the filter of a query, in a case that depends on it."""
        if case == PACKAGE:
            name, sign, operand = "package", "eq", self.packages[query]
        else:
            name, sign = "cluster", "in" if case == NEAR else "nin"
            operand = self.near[query].tolist()
        return Filter(name, sign, operand, self.mask(case, query))

    def mask(self, case: str, query: int) -> Mask:
        """Return which rows pass."""
        if case in SHARES:
            return np.asarray(self.columns[field(case)] == 1)
        if case == PACKAGE:
            return np.asarray(self.columns["package"] == self.packages[query])
        inside = np.isin(self.columns["cluster"], self.near[query])
        return inside if case == NEAR else ~inside

    def found(self, case: str, query: int, filter_: Filter, ids: list[int]) -> tuple[float, bool]:
        """Return the recall of an answer, and whether it has fewer rows than it should.

        Rows that do not pass, repeats, and rows beyond the tenth count as nothing.
        """
        wanted = min(K, int(self.counts[case][query]))
        distinct = [row for row in dict.fromkeys(ids) if row >= 0 and filter_.mask[row]]
        rows, asked = self.base[distinct].astype(np.float64), self.queries[query].astype(np.float64)
        far = self.tenth[case][query]
        near = int((1 - rows @ asked <= far * (1 + 1e-9) + 1e-9).sum()) if distinct else 0
        return min(near, wanted) / wanted, len(distinct) < wanted


def made(rows: int) -> Ints:
    """Return a seeded order of the rows."""
    return np.random.default_rng(7).permutation(rows)


def clusters(base: Rows, queries: Rows) -> tuple[Ints, Ints]:
    """Return each row's cluster of a k-means of a few rounds, and those nearest to each query."""
    centres = base[made(len(base))[:CLUSTERS]].copy()
    for _ in range(5):
        cluster = np.argmax(base @ centres.T, axis=1)
        for which in range(CLUSTERS):
            members = base[cluster == which]
            if len(members):
                centres[which] = unit(members.mean(0))
    return np.argmax(base @ centres.T, axis=1), np.argsort(-(queries @ centres.T), axis=1)[:, :NEAREST]


def packages(base: Rows, queries: Rows) -> tuple[list[str], list[str]]:
    """Return the package of each row and of each query."""
    if "VECTORD_DATA" in os.environ:
        texts = Path(os.environ["VECTORD_DATA"]) / "minilm-40k.jsonl.gz"
        with gzip.open(texts, "rt", encoding="utf-8") as lines:
            named = [json.loads(line)["package"] for line in lines]
        return named[: len(base)], named[-len(queries) :]
    some = base[made(len(base))[: len(base) // 20]]
    near = [np.argmax(rows @ some.T, axis=1) for rows in (base, queries)]
    return [f"made-{one}" for one in near[0]], [f"made-{one}" for one in near[1]]


def prepare(file: Path) -> None:
    """Compute everything into `file`."""
    dataset = load("minilm" if "VECTORD_DATA" in os.environ else "clustered")
    base, queries = unit(dataset.base), unit(dataset.queries)
    cluster, near = clusters(base, queries)
    named, of_queries = packages(base, queries)
    kept: dict[str, Any] = {"base": base, "queries": queries, "near": near, "cluster": cluster}
    kept |= {"package": np.asarray(named), "packages": np.asarray(of_queries)}
    order = made(len(base))
    for share, part in SHARES.items():
        column = np.zeros(len(base), dtype=np.int64)
        # Each of its own rows: no share is part of another.
        column[np.roll(order, len(share) * 1_000)[: max(1, round(part * len(base)))]] = 1
        kept[field(share)] = column
    cases = read(kept)
    closeness = queries @ base.T
    for case in CASES:
        counts, tenth = np.zeros(len(queries), dtype=np.int64), np.zeros(len(queries))
        for query in range(len(queries)):
            rows = np.flatnonzero(cases.mask(case, query))
            counts[query] = len(rows)
            if not len(rows):
                continue
            # float32 finds candidates, float64 decides.
            close = closeness[query, rows]
            best = rows[np.argpartition(-close, 4 * K)[: 4 * K]] if len(rows) > 4 * K else rows
            exact = np.sort(1 - base[best].astype(np.float64) @ queries[query].astype(np.float64))
            tenth[query] = exact[min(K, len(rows)) - 1]
        kept |= {f"counts {case}": counts, f"tenth {case}": tenth}
    np.savez(file, **kept)


def read(kept: Any) -> Cases:  # noqa: ANN401 - a dict, or what numpy makes of a file
    """Return the cases that were kept."""
    columns = {name: kept[name] for name in ("package", "cluster", *map(field, SHARES))}
    there = [case for case in CASES if f"counts {case}" in kept]
    return Cases(
        kept["base"],
        kept["queries"],
        columns,
        kept["packages"].tolist(),
        kept["near"],
        {case: kept[f"counts {case}"] for case in there},
        {case: kept[f"tenth {case}"] for case in there},
    )
