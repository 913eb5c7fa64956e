"""DataFrames in and out."""

from __future__ import annotations

import numpy as np
import pytest

import vectord

pd = pytest.importorskip("pandas", reason="pandas: not installed")

VECTORS = np.arange(12, dtype=np.float32).reshape(4, 3) + 1


@pytest.fixture
def docs(registry: vectord.Registry) -> vectord.Index:
    return registry.create("docs", dimension=3, distance="euclidean")


def test_a_data_frame_brings_everything(docs: vectord.Index) -> None:
    frame = pd.DataFrame(
        {"id": list("abcd"), "page": [1, 2, 3, 4], "embedding": list(VECTORS)}, index=[7, 7, 1, 0]
    )
    assert docs.add(frame).added == 4
    rows = docs.get(list("abcd"))
    assert np.array_equal(rows.vectors, VECTORS)
    assert rows.metadata == [{"page": page} for page in (1, 2, 3, 4)]
    renamed = frame.rename(columns={"id": "key", "embedding": "v"})
    docs.add(renamed, id="key", vector="v", metadata=[{"m": 1}] * 4)
    assert docs.get(["d"]).metadata == [{"m": 1}]
    with pytest.raises(vectord.InvalidArgumentError, match="no column \"id\", only \\['key', 'page', 'v'\\]"):
        docs.add(renamed)
    frame.at[1, "embedding"] = VECTORS[0][:2]
    with pytest.raises(vectord.InvalidArgumentError, match=r"vectors\[2\]: dimension mismatch"):
        docs.add(frame)


def test_a_data_frame_is_metadata_and_its_missing_values_are_null(docs: vectord.Index) -> None:
    frame = pd.DataFrame(
        {"n": [1.5, np.nan, 3, 4], "s": ["x", None, "y", "z"], "i": pd.array([1, None, 3, 4], dtype="Int64")}
    )
    docs.add(pd.Series(list("abcd")), VECTORS, frame)
    assert docs.get(["a", "b"]).metadata == [{"n": 1.5, "s": "x", "i": 1}, {"n": None, "s": None, "i": None}]
    with pytest.raises(
        vectord.InvalidArgumentError, match=r"^metadata\[0\]: metadata\['t'\] .*Timestamp is .*astype"
    ):
        docs.add(list("abcd"), VECTORS, pd.DataFrame({"t": pd.date_range("2020", periods=4)}))
    with pytest.raises(vectord.InvalidArgumentError, match="ids 4, vectors 4, metadata"):
        docs.add(list("abcd"), VECTORS, frame[:2])


def test_columns_of_pandas_and_arrow_are_ids(docs: vectord.Index) -> None:
    frame = pd.DataFrame(VECTORS)
    for ids in (
        pd.Series(list("abcd"), index=[3, 2, 1, 0]),
        pd.Index(list("abcd")),
        pd.Series(list("abcd"), dtype="string"),
    ):
        assert docs.add(ids, frame).length == 4
        assert docs.get(ids).ids.tolist() == list("abcd")
    arrow = pytest.importorskip("pyarrow", reason="pyarrow: not installed")
    column = arrow.array(list("abcd"))
    vectors = arrow.FixedSizeListArray.from_arrays(arrow.array(VECTORS.ravel()), 3)
    for ids in (column, arrow.chunked_array([column[:1], column[1:]])):
        assert docs.add(ids, vectors).length == 4
    assert np.array_equal(docs.get(column).vectors, VECTORS)


def test_answers_become_data_frames(docs: vectord.Index) -> None:
    docs.add(list("abcd"), VECTORS, [{"page": i, "id": i} for i in range(4)])
    frame = docs.search(VECTORS[0], k=2).to_pandas()
    assert list(frame.columns) == ["id", "distance", "page", "metadata.id"]
    assert frame["id"].tolist() == ["a", "b"]
    assert frame["distance"].dtype == np.float32
    batch = docs.search(VECTORS[:2], k=2).to_pandas()
    assert batch["query"].tolist() == [0, 0, 1, 1]
    assert batch["page"].tolist() == [0, 1, 1, 0]
    docs.set_metadata(["a"], ["text"])
    assert docs.search(VECTORS[0], k=1).to_pandas()["metadata"].tolist() == ["text"]


def test_rows_of_any_metadata_go_in_again_by_their_parts(
    registry: vectord.Registry, docs: vectord.Index
) -> None:
    metadata = [{"id": 1}, "text", None, {"other": [2]}]
    docs.add(list("abcd"), VECTORS, metadata)
    rows = docs.get(list("abcd"))
    other = registry.create("other", dimension=3)
    other.add(rows.ids, rows.vectors, rows.metadata)
    assert other.get(list("abcd")).metadata == metadata


def test_rows_go_out_and_in_again(registry: vectord.Registry, docs: vectord.Index) -> None:
    docs.add(list("abcd"), VECTORS, [{"page": i} for i in range(4)])
    other = registry.create("other", dimension=3)
    other.add(docs.get(list("abcd")).to_pandas())
    assert np.array_equal(other.get(list("abcd")).vectors, VECTORS)
    assert other.get(["c"]).metadata == [{"page": 2}]
