"""What is taken as vectors, ids and metadata, and what is refused, with which words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import vectord

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

RNG = np.random.default_rng(7)
GIVEN = RNG.integers(-4, 5, size=(6, 4)).astype(np.float64) + 0.5
IDS = [f"r{i}" for i in range(6)]


@pytest.fixture
def docs(registry: vectord.Registry) -> vectord.Index:
    return registry.create("docs", dimension=4, distance="euclidean")


def read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    array = array.copy()
    array.flags.writeable = False
    return array


def unaligned(array: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    raw = np.zeros(array.nbytes + 1, dtype=np.uint8)
    view = raw[1:].view(np.float32).reshape(array.shape)
    view[:] = array
    return view


def of_objects(array: npt.NDArray[Any]) -> npt.NDArray[np.object_]:
    rows = np.empty(len(array), dtype=object)
    rows[:] = list(array)
    return rows


FORMS: dict[str, Callable[[npt.NDArray[np.float64]], Any]] = {
    "float32": lambda v: v.astype(np.float32),
    "float64": lambda v: v,
    "float16": lambda v: v.astype(np.float16),
    "longdouble": lambda v: v.astype(np.longdouble),
    "fortran": lambda v: np.asfortranarray(v.astype(np.float32)),
    "strided": lambda v: np.repeat(v.astype(np.float32), 2, axis=1)[:, ::2],
    "reversed": lambda v: v.astype(np.float32)[::-1][::-1],
    "byte-swapped": lambda v: v.astype(">f4"),
    "read-only": lambda v: read_only(v.astype(np.float32)),
    "unaligned": lambda v: unaligned(v.astype(np.float32)),
    "lists": lambda v: v.tolist(),
    "tuples": lambda v: tuple(tuple(row) for row in v.tolist()),
    "list of arrays": list,
    "array of arrays": of_objects,
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_matrix_is_stored_as_float32(docs: vectord.Index, form: str) -> None:
    docs.add(IDS, FORMS[form](GIVEN))
    stored = docs.get(IDS).vectors
    assert stored.dtype == np.float32
    assert np.array_equal(stored, GIVEN.astype(np.float32))
    assert (
        docs.search(FORMS[form](GIVEN), k=1).ids[:, 0].tolist() == docs.search(GIVEN, k=1).ids[:, 0].tolist()
    )
    assert docs.search(FORMS[form](GIVEN)[2], k=1).distances.tolist() == [0.0]


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64", "uint64", "bool"])
def test_integers_and_bools_are_numbers(docs: vectord.Index, dtype: str) -> None:
    given = np.abs(GIVEN).astype(dtype)
    docs.add(IDS, given)
    assert np.array_equal(docs.get(IDS).vectors, given.astype(np.float32))


def test_stored_vectors_come_back_bit_for_bit(docs: vectord.Index) -> None:
    given = RNG.standard_normal((6, 4), dtype=np.float32)
    given[0] = [-0.0, 1e-45, 1e18, 3.4e-39]
    docs.add(IDS, given)
    assert np.array_equal(docs.get(IDS).vectors.view(np.uint32), given.view(np.uint32))


def test_a_write_keeps_nothing_of_the_callers_memory(docs: vectord.Index) -> None:
    given = GIVEN.astype(np.float32)
    docs.add(IDS, given)
    given[:] = 0
    assert np.array_equal(docs.get(IDS).vectors, GIVEN.astype(np.float32))


BAD: dict[str, tuple[Any, str, int | None]] = {
    "1-D": (GIVEN[0], r"vectors must be 2-D with shape \(n, 4\), got shape \(4,\)", None),
    "3-D": (GIVEN[None], r"got shape \(1, 6, 4\)", None),
    "numbers": ([1.0] * 6, r"got shape \(6,\)", None),
    "3-D lists": ([[[1.0] * 4]] * 6, r"got shape \(6, 1, 4\)", None),
    "width": (GIVEN[:, :3], r"vectors\[0\]: dimension mismatch: index has 4, got 3", 0),
    "ragged": (
        [*GIVEN[:5].tolist(), [1.0]],
        r"vectors\[5\]: dimension mismatch: index has 4, got 1",
        5,
    ),
    "None": ([*GIVEN[:5].tolist(), None], r"vectors\[5\]: .* real numbers", 5),
    "complex": (GIVEN.astype(complex), "real numbers, got dtype complex128", None),
    "str": (GIVEN.astype(str), "real numbers, got dtype <U", None),
    "objects": (GIVEN.astype(object), "real numbers, got dtype object", None),
    "dates": (GIVEN.astype("M8[s]"), r"real numbers, got dtype datetime64", None),
    "masked": (np.ma.masked_less(GIVEN, 0), "masked values", None),
    "length": (GIVEN[:5], "lengths disagree: ids 6, vectors 5", None),
    "nothing": (None, "vectors are missing", None),
    "text": ("abc", "real numbers", None),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_matrix_is_refused_by_name(docs: vectord.Index, case: str) -> None:
    vectors, why, item = BAD[case]
    with pytest.raises(vectord.InvalidArgumentError, match=why) as caught:
        docs.add(IDS, vectors)
    assert caught.value.item == item
    assert (len(docs), docs.seq) == (0, 1)


@pytest.mark.parametrize(
    "kind", ["nan", "infinite", "overflow", "beyond float32", "zero", "width", "id", "metadata"]
)
@pytest.mark.parametrize("form", ["float32", "float64", "lists"])
def test_one_bad_row_refuses_the_whole_batch(store: str, kind: str, form: str) -> None:
    registry = vectord.open(store)
    docs = registry.create("docs", dimension=8)
    docs.add(["kept"], np.ones((1, 8)))
    vectors = RNG.standard_normal((1_000, 8))
    ids = [f"r{i}" for i in range(1_000)]
    metadata: list[Any] = [{"i": i} for i in range(1_000)]
    given: Any = vectors
    if kind == "width":
        given = vectors.tolist()
        given[499] = given[499][:7]
    elif kind == "id":
        ids[499] = ""
    elif kind == "metadata":
        metadata[499] = {"i": float("nan")}
    else:
        number = {"nan": np.nan, "infinite": np.inf, "overflow": 1e30, "beyond float32": 1e300, "zero": 0.0}[
            kind
        ]
        if kind == "beyond float32" and form == "float32":
            number = 3e38
        vectors[499] = number if kind == "zero" else vectors[499]
        vectors[499, 3] = number
    if kind != "width":
        given = {
            "float32": lambda: vectors.astype(np.float32),
            "float64": lambda: vectors,
            "lists": vectors.tolist,
        }[form]()
    argument = {"id": "ids", "metadata": "metadata"}.get(kind, "vectors")
    with pytest.raises(vectord.InvalidArgumentError, match=rf"^{argument}\[499\]: ") as caught:
        docs.add(ids, given, metadata)
    assert caught.value.item == 499
    assert caught.value.outcome == "known"
    for index in (docs, vectord.open(store, share=False).get("docs")):
        assert len(index) == 1
        assert index.search(np.ones(8), k=10).ids.tolist() == ["kept"]
        assert index.seq == 2


def test_a_number_beyond_float32_is_not_called_infinite_alone(docs: vectord.Index) -> None:
    given = GIVEN.copy()
    given[3, 2] = -1e300
    forms: list[Any] = [given, np.asfortranarray(given), given.astype(np.longdouble), given.tolist()]
    for form in forms:
        why = r"^vectors\[3\]: vector\[2\] is infinite: -1[.0-9]*e\+300 is beyond f32"
        with pytest.raises(vectord.InvalidArgumentError, match=why) as caught:
            docs.add(IDS, form)
        assert caught.value.item == 3
        with pytest.raises(vectord.InvalidArgumentError, match=r"^query\[3\]: vector\[2\] .* beyond f32"):
            docs.search(form)
    with pytest.raises(
        vectord.InvalidArgumentError, match=r"^query: vector\[1\] is infinite: 1e\+39 is beyond"
    ):
        docs.search([0, 1e39, 0, 0])
    given[3, 2] = np.inf
    with pytest.raises(vectord.InvalidArgumentError, match=r"^vectors\[3\]: vector\[2\] is infinite$"):
        docs.add(IDS, given)


def test_none_among_numbers_is_named(docs: vectord.Index) -> None:
    with pytest.raises(vectord.InvalidArgumentError, match=r"^vectors\[1\]: .*dtype object .*None among"):
        docs.add(["a", "b"], [[1, 2, 3, 4], [1, 2, 3, None]])
    with pytest.raises(vectord.InvalidArgumentError, match=r"^query must .*dtype object .*None among"):
        docs.search([1, 2, 3, None])


def test_text_that_is_none_is_no_id(docs: vectord.Index) -> None:
    assert "\ud800" not in docs
    assert 3 not in docs


def test_ids_are_any_column_of_str(docs: vectord.Index) -> None:
    forms: list[Any] = [
        IDS,
        tuple(IDS),
        np.array(IDS),
        np.array(IDS, dtype=object),
        iter(IDS),
        dict.fromkeys(IDS).keys(),
    ]
    for form in forms:
        assert docs.add(form, GIVEN).length == 6
    assert docs.get(np.array(IDS)).ids.tolist() == IDS
    with pytest.raises(vectord.InvalidArgumentError, match=r"ids\[0\]: .*int.*\[str\(i\) for i in ids\]"):
        docs.add(range(6), GIVEN)
    with pytest.raises(vectord.InvalidArgumentError, match=r"ids\[2\]: .*\[str\(i\) for i in ids\]"):
        docs.delete(["a", "b", np.int64(3)])
    with pytest.raises(vectord.InvalidArgumentError, match=r"ids\[5\]: id must be str, got bytes"):
        docs.add([*IDS[:5], b"x"], GIVEN)
    with pytest.raises(vectord.InvalidArgumentError, match="ids must be a sequence, got one str"):
        docs.get("r1")
    with pytest.raises(vectord.InvalidArgumentError, match=r"ids must be 1-D, got shape \(2, 3\)"):
        docs.add(np.array(IDS).reshape(2, 3), GIVEN)
    with pytest.raises(vectord.InvalidArgumentError, match=r"ids\[1\]: .*UTF-8"):
        docs.get(["a", "\ud800"])


@pytest.mark.parametrize("kind", [set, frozenset])
def test_a_set_is_refused_where_order_pairs_rows(docs: vectord.Index, kind: type) -> None:
    for given, why in (
        (
            (kind(IDS), GIVEN),
            rf"ids must be in order, got a {kind.__name__}: write list\(ids\) and build the",
        ),
        ((IDS, kind(map(tuple, GIVEN))), rf"vectors must be in order, got a {kind.__name__}: give a list"),
        ((IDS, GIVEN, kind(IDS)), "metadata must be in order"),
        ((IDS, GIVEN, {"tag": kind(IDS)}), r"metadata\['tag'\] must be in order"),
    ):
        with pytest.raises(vectord.InvalidArgumentError, match=why):
            docs.add(*given)
    docs.add(IDS, GIVEN)
    with pytest.raises(vectord.InvalidArgumentError, match="ids must be in order"):
        docs.set_metadata(kind(IDS), [{}] * 6)
    assert set(docs.get(kind(IDS)).ids) == set(IDS)
    assert docs.delete(kind(IDS)).deleted == 6


def test_metadata_is_any_json_and_keeps_its_text(docs: vectord.Index) -> None:
    values: list[Any] = [
        {"é": "ü\n", "n": None},
        [1, 2.5, True],
        "text",
        10**30,
        {"b": 1, "a": {"c": []}},
        None,
    ]
    docs.add(IDS, GIVEN, values)
    assert docs.get(IDS).metadata == values
    assert json.dumps(docs.get(["r4"]).metadata[0]) == '{"b": 1, "a": {"c": []}}'
    docs.add(["r0"], GIVEN[:1])
    docs.add(["r1"], GIVEN[1:2], [None])
    assert docs.get(IDS).metadata == values
    assert docs.set_metadata(["r0", "r1"], [None, {"new": 1}]) == vectord.MetadataSet(docs.seq, 2, 6)
    assert docs.get(["r0", "r1"]).metadata == [None, {"new": 1}]
    docs.set_metadata(IDS, None)
    assert docs.get(IDS).metadata == [None] * 6


def test_numpy_values_are_the_numbers_they_stand_for(docs: vectord.Index) -> None:
    docs.add(
        ["a"], GIVEN[:1], [{"i": np.int64(3), "f": np.float32(0.5), "v": np.arange(3), "b": np.bool_(1)}]
    )
    assert docs.get(["a"]).metadata == [{"i": 3, "f": 0.5, "v": [0, 1, 2], "b": True}]


def test_metadata_may_be_columns(docs: vectord.Index) -> None:
    docs.add(IDS, GIVEN, {"page": np.arange(6), "title": list("abcdef")})
    assert docs.get(["r4"]).metadata == [{"page": 4, "title": "e"}]
    with pytest.raises(vectord.InvalidArgumentError, match=r"ids 6, vectors 6, metadata\['title'\] 2"):
        docs.add(IDS, GIVEN, {"page": np.arange(6), "title": ["a", "b"]})
    with pytest.raises(vectord.InvalidArgumentError, match="ids 6, vectors 6, metadata 1"):
        docs.add(IDS, GIVEN, [{}])


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({"x": float("nan")}, "None for a missing value"),
        ({"x": float("-inf")}, "not JSON"),
        ({"x": {1}}, "a set is not JSON"),
        ({"x": b""}, "a bytes is not JSON"),
        ({"x": np.datetime64("2020-01-01")}, r"\['x'\] is not JSON: a date is not JSON: .*\.astype\(str\)"),
        ({"w": 1, "x": {"y": [{1}]}}, r"metadata\['x'\] is not JSON: a set"),
        ({(1, 2): 3}, "not JSON"),
        ({"x": "\ud800"}, "lone surrogate"),
        ({"x": "y" * 70_000}, "at most 65536 bytes"),
        (json.loads("[" * 17 + "]" * 17), "at most 16 levels"),
    ],
)
def test_what_json_has_not_is_refused_by_row(docs: vectord.Index, value: object, why: str) -> None:
    with pytest.raises(vectord.InvalidArgumentError, match=r"^metadata\[2\]: .*" + why) as caught:
        docs.add(IDS, GIVEN, [{}, {}, value, {}, {}, {}])
    assert caught.value.item == 2
    assert len(docs) == 0


def test_an_empty_batch_is_no_write(docs: vectord.Index) -> None:
    empties: list[Any] = [[], np.zeros((0, 4)), np.zeros((0, 4), dtype=np.float32), np.array([])]
    for vectors in empties:
        assert docs.add([], vectors) == vectord.Added(seq=1, added=0, length=0)
    assert docs.delete([]) == vectord.Deleted(seq=1, deleted=0, length=0)
    assert docs.get([]).vectors.shape == (0, 4)
    assert docs.search(np.ones(4)).ids.tolist() == []


def test_a_repeated_call_under_its_key_is_answered_and_not_written(docs: vectord.Index) -> None:
    first = docs.add(IDS, GIVEN, idempotency_key="job-1")
    assert docs.add(IDS, GIVEN, idempotency_key="job-1") == first
    assert docs.seq == first.seq
    with pytest.raises(vectord.InvalidArgumentError):
        docs.add(IDS, GIVEN + 1, idempotency_key="job-1")
    with pytest.raises(vectord.InvalidArgumentError, match="idempotency key"):
        docs.add(IDS, GIVEN, idempotency_key="")
