"""Filters from Python: what they mean, what they find, what is refused, and what is deleted by them."""

from __future__ import annotations

import operator
import random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import vectord

if TYPE_CHECKING:
    from collections.abc import Callable

DIMENSION = 8
MISSING = object()


def found(document: Any, path: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return what a dotted path leads to."""
    for name in path.split("."):
        if not isinstance(document, dict) or name not in document:
            return MISSING
        document = document[name]
    return document


def kind(value: object) -> type:
    """Return the kind of a JSON scalar: numbers are one."""
    return float if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value)


def equal(a: object, b: object) -> bool:
    """Compare two scalars; of different kinds they differ."""
    return kind(a) is kind(b) and a == b and not isinstance(a, (list, dict))


def has(value: object, one: object) -> bool:
    """Say whether a list has a scalar."""
    return isinstance(value, list) and any(equal(item, one) for item in value)


def ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """Compare numbers with numbers, and texts with texts by their characters."""
    return lambda value, bound: (
        kind(value) in (float, str) and kind(value) is kind(bound) and compare(value, bound)
    )


TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": equal,
    "$gt": ordered(operator.gt),
    "$gte": ordered(operator.ge),
    "$lt": ordered(operator.lt),
    "$lte": ordered(operator.le),
    "$in": lambda value, many: any(equal(value, one) for one in many),
    "$exists": lambda value, wanted: (value is not MISSING) == wanted,
    "$contains": lambda value, one: (
        has(value, one) or (isinstance(value, str) and isinstance(one, str) and one in value)
    ),
    "$any": lambda value, many: any(has(value, one) for one in many),
    "$all": lambda value, many: isinstance(value, list) and all(has(value, one) for one in many),
    "$prefix": lambda value, prefix: isinstance(value, str) and value.startswith(prefix),
}
NEGATED = {"$ne": "$eq", "$nin": "$in"}


def passes(filter_: dict[str, Any], row_id: str, document: object) -> bool:
    """Evaluate a filter naively."""

    def holds(name: str, condition: Any) -> bool:  # noqa: ANN401 - any JSON value
        if name == "$and":
            return all(passes(one, row_id, document) for one in condition)
        if name == "$or":
            return any(passes(one, row_id, document) for one in condition)
        if name == "$not":
            return not passes(condition, row_id, document)
        value = row_id if name == "$id" else found(document, name)
        if not isinstance(condition, dict):
            return equal(value, condition)
        return all(
            not TESTS[NEGATED[sign]](value, operand) if sign in NEGATED else TESTS[sign](value, operand)
            for sign, operand in condition.items()
        )

    return all(holds(name, condition) for name, condition in filter_.items())


SCALARS: list[Any] = [None, True, False, 0, 1, 1.0, -3, 2.5, 2**53 + 1, 2**53, "", "a", "ab", "é", "b"]
FIELDS = ["x", "y", "tags", "deep.er"]


def document(rng: random.Random) -> dict[str, Any] | None:
    """Make the metadata of a row."""
    if rng.random() < 0.1:
        return None
    made: dict[str, Any] = {"n": rng.randrange(100)}
    for name in ("x", "y"):
        if rng.random() < 0.8:
            made[name] = rng.choice(SCALARS)
    if rng.random() < 0.6:
        made["tags"] = rng.sample(SCALARS, rng.randrange(4))
    if rng.random() < 0.6:
        made["deep"] = {"er": rng.choice(SCALARS)}
    return made


def condition(rng: random.Random) -> dict[str, Any]:
    """Make a condition on one field."""
    if rng.random() < 0.4:
        low = rng.randrange(100)
        return {"n": {rng.choice(["$gte", "$gt"]): low, rng.choice(["$lt", "$lte"]): low + rng.randrange(60)}}
    field, one = rng.choice(FIELDS), rng.choice(SCALARS)
    many = rng.sample(SCALARS, rng.randrange(4))
    sign = rng.choice([*TESTS, *NEGATED])
    if sign in ("$in", "$nin", "$any", "$all"):
        return {field: {sign: many}}
    if sign == "$exists":
        return {field: {sign: rng.random() < 0.5}}
    if sign == "$prefix":
        return {field: {sign: rng.choice(["", "a", "é"])}}
    if sign in ("$gt", "$gte", "$lt", "$lte"):
        return {field: {sign: rng.choice([one for one in SCALARS if kind(one) in (float, str)])}}
    return {field: one} if sign == "$eq" and rng.random() < 0.5 else {field: {sign: one}}


def make(rng: random.Random, depth: int = 3) -> dict[str, Any]:
    """Make a filter."""
    shape = rng.random()
    if depth == 0 or shape < 0.5:
        return condition(rng)
    if shape < 0.6:
        return {"$not": make(rng, depth - 1)}
    if shape < 0.65:
        return {"$id": {"$in": [f"row-{rng.randrange(600)}" for _ in range(100)]}}
    sign = "$and" if shape < 0.8 else "$or"
    return {sign: [make(rng, depth - 1) for _ in range(rng.randrange(1, 4))]}


@pytest.fixture
def docs(registry: vectord.Registry) -> tuple[vectord.Index, dict[str, Any]]:
    """Return an index of 600 rows, and their metadata by id."""
    rng = random.Random(5)  # noqa: S311 - it has to repeat
    rows = {f"row-{i}": document(rng) for i in range(600)}
    index = registry.get_or_create("filters", DIMENSION)
    index.add(list(rows), np.random.default_rng(1).normal(size=(600, DIMENSION)), list(rows.values()))
    return index, rows


def ids(index: vectord.Index, filter_: dict[str, Any]) -> set[str]:
    """Return the ids that pass, by all the ways there are, which must agree."""
    listed = set(index.scan(filter_, limit=10_000).ids)
    assert index.count(filter_) == len(listed)
    hits = index.search(np.ones(DIMENSION), k=1000, filter=filter_, explain=True)
    assert set(hits.ids) == listed
    assert hits.explanation is not None
    assert hits.explanation["matches"] == (None if filter_ == {} else len(listed))
    return listed


def test_ten_thousand_filters_mean_what_a_naive_evaluator_says(
    docs: tuple[vectord.Index, dict[str, Any]],
    is_remote: bool,  # noqa: FBT001 - a fixture
) -> None:
    """Identical sets, and at least 30 % of the filters match between one row and half of them."""
    index, rows = docs
    rng, telling = random.Random(11), 0  # noqa: S311 - it has to repeat
    # Over HTTP the filters are those of the same crate: enough of them to meet every way of writing one.
    cases = 300 if is_remote else 10_000
    for _ in range(cases):
        filter_ = make(rng)
        expected = {row_id for row_id, document in rows.items() if passes(filter_, row_id, document)}
        assert set(index.scan(filter_, limit=1000).ids) == expected, filter_
        telling += 1 <= len(expected) <= len(rows) // 2
    assert telling >= 0.3 * cases


def test_searches_counts_and_listings_agree(docs: tuple[vectord.Index, dict[str, Any]]) -> None:
    """Every way to ask gives the same rows, nearest first and never short."""
    index, rows = docs
    rng = random.Random(3)  # noqa: S311 - it has to repeat
    for _ in range(200):
        filter_ = make(rng)
        expected = {row_id for row_id, document in rows.items() if passes(filter_, row_id, document)}
        assert ids(index, filter_) == expected, filter_
        hits = index.search(np.ones((3, DIMENSION)), k=7, filter=filter_)
        assert {len(one) for one in hits} == {min(7, len(expected))}


@pytest.mark.parametrize(
    ("filter_", "told"),
    [
        ([], "give a dict of conditions, got list"),
        ({"a": {"$near": 1}}, "unknown operator"),
        ({"a": float("nan")}, "filter is not JSON"),
        ({"a": {"b": 1}}, "a.b"),
        ({"$or": [{"a": 1}] * 256}, "at most 256 conditions"),
        ({"a": {"$in": list(range(10_001))}}, "10000 values"),
    ],
)
def test_what_is_no_filter_is_refused(
    docs: tuple[vectord.Index, dict[str, Any]],
    filter_: Any,  # noqa: ANN401 - not a filter
    told: str,
) -> None:
    """Every call that takes a filter says what is wrong with it."""
    index, rows = docs
    for call in (
        lambda: index.search(np.ones(DIMENSION), filter=filter_),
        lambda: index.count(filter_),
        lambda: index.scan(filter_),
        lambda: index.delete(filter=filter_),
    ):
        with pytest.raises(vectord.InvalidArgumentError, match=told):
            call()
    deep: dict[str, Any] = {"a": 1}
    for _ in range(16):
        deep = {"$not": deep}
    with pytest.raises(vectord.InvalidArgumentError, match="at most 16 levels"):
        index.count(deep)
    assert len(index) == len(rows)


def test_rows_are_deleted_by_a_filter(docs: tuple[vectord.Index, dict[str, Any]]) -> None:
    """They go, the others stay, and a filter that nothing passes changes nothing."""
    index, rows = docs
    filter_ = {"n": {"$lt": 50}}
    gone = {row_id for row_id, document in rows.items() if passes(filter_, row_id, document)}
    deleted = index.delete(filter=filter_)
    assert (deleted.deleted, deleted.length) == (len(gone), len(rows) - len(gone))
    assert index.count() == len(rows) - len(gone) == len(index)
    assert set(index.scan(limit=1000).ids) == set(rows) - gone
    again = index.delete(filter=filter_)
    assert (again.deleted, again.length) == (0, deleted.length)
    # In process nothing is written; over HTTP the key of the call is: its repetition must meet no later rows.
    assert deleted.seq is not None
    assert again.seq in (deleted.seq, deleted.seq + 1)
    with pytest.raises(vectord.InvalidArgumentError, match="not both"):
        index.delete(["row-1"], filter=filter_)
    with pytest.raises(vectord.InvalidArgumentError, match="give ids or filter="):
        index.delete()


def test_pages_follow_one_another(docs: tuple[vectord.Index, dict[str, Any]]) -> None:
    """Going on after the last id meets every row once, in the order of the ids."""
    index, rows = docs
    met: list[str] = []
    while page := list(index.scan(after=met[-1] if met else None, limit=70).ids):
        met += page
    assert met == sorted(rows)


def test_values_are_counted(registry: vectord.Registry) -> None:
    """Most frequent first; of a list each scalar counts."""
    index = registry.get_or_create("values", DIMENSION)
    given = [{"v": "a"}, {"v": ["a", "b"]}, {"v": 1}, {"v": 1.0}, {"v": 1}, {"w": 2}, None]
    index.add([str(i) for i in range(7)], np.ones((7, DIMENSION)), given)
    assert index.values("v") == [(1, 3), ("a", 2), ("b", 1)]
    assert index.values("v", limit=1) == [(1, 3)]
    assert index.values("gone") == []
    with pytest.raises(vectord.InvalidArgumentError, match="joined by dots"):
        index.values("a..b")


def test_range_search_finds_all_within_a_distance(docs: tuple[vectord.Index, dict[str, Any]]) -> None:
    """Those at exactly that distance count; with a filter, those that pass."""
    index, _ = docs
    query = np.ones(DIMENSION)
    everything = index.search(query, k=1000, exact=True)
    reach = float(everything.distances[40])
    within = index.search(query, k=1000, within=reach)
    assert within.exact
    assert within.ids.tolist() == everything.ids[everything.distances <= reach].tolist()
    filter_ = {"n": {"$lt": 50}}
    allowed = set(index.scan(filter_, limit=1000).ids)
    some = index.search(query, k=1000, within=reach, filter=filter_)
    assert some.ids.tolist() == [row_id for row_id in within.ids if row_id in allowed]
    assert len(index.search(query, within=-1.0)) == 0
