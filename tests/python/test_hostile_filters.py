"""Filters from Python that were made to hurt: InvalidArgumentError at once, with the limit or the place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import vectord

ROWS = 50


def wrapped(inside: Any, times: int, operator: str = "$not") -> dict[str, Any]:  # noqa: ANN401 - any filter
    """Wrap a filter so many times."""
    for _ in range(times):
        inside = {operator: inside if operator == "$not" else [inside]}
    return dict(inside)


def endless() -> dict[str, Any]:
    """Return a filter that holds itself."""
    filter_: dict[str, Any] = {}
    filter_["$and"] = [filter_]
    return filter_


@pytest.fixture(scope="module")
def index() -> vectord.Index:
    """Return a small index."""
    docs = vectord.open("memory:").create("small", 2)
    docs.add([str(n) for n in range(ROWS)], [[n, 1] for n in range(ROWS)], {"n": np.arange(ROWS)})
    return docs


@pytest.mark.parametrize(
    ("filter_", "told"),
    [
        pytest.param({"$or": [{"n": 1}] * 256}, "at most 256 conditions", id="257 conditions"),
        pytest.param({"$and": [{}] * 300_000}, "at most 256 conditions", id="empty conditions"),
        pytest.param(wrapped({"n": 1}, 16), "at most 16 levels", id="17 levels"),
        pytest.param(wrapped({"n": 1}, 16, "$or"), "at most 16 levels", id="17 levels of lists"),
        pytest.param(wrapped({"n": 1}, 100_000), "filter is not JSON", id="100,000 levels"),
        pytest.param(endless(), "Circular reference", id="within itself"),
        pytest.param(
            {"n": {"$in": list(range(10_001))}}, "at most 10000 values in all, got 10001", id="list"
        ),
        pytest.param({"n": {"$all": np.arange(10_001)}}, "at most 10000 values", id="array"),
        pytest.param({"n": "x" * (1 << 20)}, "at most 1048576 bytes", id="1 MiB"),
        pytest.param({"x" * 900_000: {"$in": [*range(9_999), {}]}}, "got an empty object", id="long name"),
        pytest.param({"a": {"b": {"c": 1}}}, '"a.b"', id="document"),
        pytest.param({"n": {"$regex": "(a+)+$"}}, "unknown operator", id="regex"),
        pytest.param({"$where": "sleep(1000)"}, "unknown operator", id="code"),
        pytest.param({"n": float("nan")}, "filter is not JSON", id="NaN"),
        pytest.param({"n": {"$lt": np.float32("inf")}}, "filter is not JSON", id="infinity"),
        pytest.param({"n": 10**400}, "out of range", id="number"),
        pytest.param({"n": "\ud800"}, "surrogate", id="surrogate"),
        pytest.param({1: 2, "1": 3}, '"1" is there twice', id="twice"),
        pytest.param({"n": b"1"}, "not JSON", id="bytes"),
        pytest.param({"n": {"$in": {1, 2}}}, "not JSON", id="set"),
        pytest.param({"n": {"$in": "abc"}}, "give a list of scalars, got a string", id="string for a list"),
        pytest.param({"n": {"$gte": None}}, "give a number or a string, got null", id="null"),
        pytest.param('{"n": 1}', "give a dict of conditions, got str", id="text"),
    ],
)
def test_hostile_filters_are_refused_by_every_call(
    index: vectord.Index,
    filter_: Any,  # noqa: ANN401 - not a filter
    told: str,
) -> None:
    for call in (
        lambda: index.search([1, 1], filter=filter_),
        lambda: index.count(filter_),
        lambda: index.scan(filter_),
        lambda: index.delete(filter=filter_),
    ):
        with pytest.raises(vectord.InvalidArgumentError) as error:
            call()
        assert told in str(error.value)
        assert len(str(error.value)) < 1_000
    assert len(index) == ROWS


def test_filters_at_the_limits_are_answered(index: vectord.Index) -> None:
    assert index.count({"$or": [{"n": 1}] * 255}) == 1
    assert index.count(wrapped({"n": 1}, 14)) == 1
    assert index.count({"n": {"$in": np.arange(10_000)}}) == ROWS
    assert index.count({"n": {"$ne": "x" * 1_000_000}}) == ROWS
    assert index.count({"x" * 1_000_000: {"$exists": False}}) == ROWS
