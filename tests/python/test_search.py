"""Search against numpy: the same ranking, the same distances; the shapes of answers; random histories."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest

import vectord

if TYPE_CHECKING:
    import numpy.typing as npt

Distance = Literal["cosine", "euclidean", "dot"]
DISTANCES: tuple[Distance, ...] = ("cosine", "euclidean", "dot")


def brute(
    vectors: npt.NDArray[np.float32], query: npt.NDArray[np.float32], distance: str
) -> npt.NDArray[np.float64]:
    """Compute every distance in float64."""
    rows, one = vectors.astype(np.float64), query.astype(np.float64)
    if distance == "euclidean":
        differences: npt.NDArray[np.float64] = np.linalg.norm(rows - one, axis=1)
        return differences
    if distance == "cosine":
        rows, one = rows / np.linalg.norm(rows, axis=1, keepdims=True), one / np.linalg.norm(one)
    products: npt.NDArray[np.float64] = rows @ one
    return 1 - products


def clustered(rows: int, dimension: int, seed: int) -> npt.NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((20, dimension))
    return (centres[rng.integers(20, size=rows)] + 0.3 * rng.standard_normal((rows, dimension))).astype(
        np.float32
    )


@pytest.mark.parametrize("distance", DISTANCES)
def test_exact_search_is_numpys_ranking(registry: vectord.Registry, distance: Distance) -> None:
    vectors = clustered(3_000, 24, 1)
    docs = registry.create("docs", 24, distance=distance)
    docs.add([str(i) for i in range(3_000)], vectors)
    queries = clustered(20, 24, 2)
    batch = docs.search(queries, k=50, exact=True)
    for query, hits in zip(queries, batch, strict=True):
        assert hits.exact
        truth = brute(vectors, query, distance)
        found = hits.ids.astype(int)
        assert np.allclose(truth[found], np.sort(truth)[:50], atol=1e-5)
        assert np.allclose(hits.distances, truth[found], atol=1e-5)
        assert (np.diff(hits.distances) >= 0).all()
        assert len(set(found)) == 50
        one = docs.search(query, k=50, exact=True)
        assert one.ids.tolist() == hits.ids.tolist()
        assert one.distances.tolist() == hits.distances.tolist()


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize("kind", ["bytes", "text", "offset"])
def test_exact_batches_are_numpys_ranking_whatever_is_coded(
    registry: vectord.Registry, distance: Distance, kind: str
) -> None:
    rng = np.random.default_rng(21)
    rows, queries = clustered(5_000, 40, 22), clustered(70, 40, 23)
    if kind == "bytes":
        rows = rng.integers(0, 256, size=(5_000, 40)).astype(np.float32)
        queries = rng.integers(0, 256, size=(70, 40)).astype(np.float32)
    elif kind == "offset":
        rows, queries = 300 + rows, 300 + queries
    rows[4_000:4_200] = rows[:200]
    docs = registry.create("docs", 40, distance=distance)
    docs.add([str(i) for i in range(5_000)], rows)
    docs.delete([str(i) for i in range(0, 5_000, 7)])
    alive = np.arange(5_000) % 7 != 0
    for hits, query in zip(docs.search(queries, k=30, exact=True), queries, strict=True):
        truth = np.where(alive, brute(rows, query, distance), np.inf)
        found = hits.ids.astype(int)
        near = 1e-6 * max(1.0, float(np.abs(truth[alive]).max()))
        assert np.allclose(truth[found], np.sort(truth)[:30], rtol=0, atol=near)
        assert np.allclose(hits.distances, truth[found], rtol=1e-5, atol=near)
        # Rows at one distance come in the order they were added.
        ties = np.diff(hits.distances) == 0
        assert (np.diff(found)[ties] > 0).all()
        if kind == "bytes" and distance == "euclidean":
            assert found.tolist() == np.argsort(truth, kind="stable")[:30].tolist()


@pytest.mark.parametrize("distance", DISTANCES)
def test_the_graph_finds_nearly_all(registry: vectord.Registry, distance: Distance) -> None:
    vectors = clustered(4_000, 24, 3)
    docs = registry.create("docs", 24, distance=distance)
    docs.add([str(i) for i in range(4_000)], vectors)
    queries = clustered(100, 24, 4)
    exact = docs.search(queries, k=10, exact=True).distances
    found = docs.search(queries, k=10)
    assert (found.distances <= exact[:, -1:] + 1e-6).mean() >= 0.95
    wide = docs.search(queries, k=10, ef=1_000).distances
    assert (wide <= exact[:, -1:] + 1e-6).mean() >= 0.99


def test_all_copies_of_a_vector_are_found() -> None:
    vectors = clustered(5_000, 16, 5)
    vectors[2_000:3_000] = vectors[0]
    docs = vectord.open("memory:").create("docs", 16)
    ids = [str(i) for i in range(5_000)]
    docs.add(ids, vectors)
    copies = {"0", *ids[2_000:3_000]}
    for exact in (False, True):
        assert set(docs.search(vectors[0], k=1_001, exact=exact).ids) == copies
        assert set(docs.search(vectors[0], k=1_000, exact=exact).ids) < copies
    others = [i for i in range(5_000) if ids[i] not in copies]
    assert docs.search(vectors[others], k=1).ids[:, 0].tolist() == [ids[i] for i in others]


def test_answers_are_never_padded_and_never_short(registry: vectord.Registry) -> None:
    docs = registry.create("docs", 4)
    docs.add(["a", "b"], np.eye(4)[:2], [{"x": 1}, None])
    hits = docs.search(np.ones(4), k=1_000)
    assert (len(hits), hits.ids.shape, hits.distances.dtype) == (2, (2,), np.float32)
    assert hits.metadata == [{"x": 1}, None]
    assert list(hits) == [
        (id_, distance, m) for id_, distance, m in zip(hits.ids, hits.distances, hits.metadata, strict=True)
    ]
    assert hits[-1] == list(hits)[1]
    assert hits[:1] == list(hits)[:1]
    with pytest.raises(IndexError):
        hits[2]
    batch = docs.search(np.eye(4)[:3], k=5)
    assert (len(batch), batch.ids.shape, batch.distances.shape) == (3, (3, 2), (3, 2))
    assert batch.ids[1].tolist() == batch[1].ids.tolist() == ["b", "a"]
    assert batch.metadata[1] == [None, {"x": 1}]
    assert docs.search(np.zeros((0, 4))).ids.shape == (0, 0)
    copy = pickle.loads(pickle.dumps(batch))  # noqa: S301 - our own bytes
    assert copy.ids.tolist() == batch.ids.tolist()
    assert pickle.loads(pickle.dumps(hits)).metadata == hits.metadata  # noqa: S301


def test_in_process_there_is_no_limit_on_k() -> None:
    docs = vectord.open("memory:").create("docs", 4)
    docs.add(["a", "b"], np.eye(4)[:2])
    assert len(docs.search(np.ones(4), k=10**9)) == 2


def test_a_shorter_answer_is_padded_in_two_dimensions() -> None:
    # Nothing in this release answers so; a filter will.
    one: tuple[int, bool, list[str], list[float], list[str | None], str]
    one = (1, True, ["a"], [0.5], [None], "strong")
    two = (1, True, ["b", "c"], [0.25, 0.5], ["1", None], "strong")
    batch = vectord.BatchHits._restore(1, [one, two], "strong")  # noqa: SLF001
    assert batch.ids.tolist() == [["a", None], ["b", "c"]]
    assert batch.distances.tolist() == [[0.5, np.inf], [0.25, 0.5]]
    assert batch.metadata == [[None], [1, None]]


def test_a_stored_row_is_a_query(registry: vectord.Registry) -> None:
    docs = registry.create("docs", 4)
    docs.add(["a", "b"], np.eye(4)[:2])
    assert docs.search(id="b", k=1).ids.tolist() == ["b"]
    with pytest.raises(vectord.NotFoundError):
        docs.search(id="c")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"query": np.ones(3)}, "query: dimension mismatch: index has 4, got 3"),
        ({"query": np.ones((2, 3))}, r"query\[0\]: dimension mismatch: index has 4, got 3"),
        ({"query": np.ones((1, 2, 4))}, r"got shape \(1, 2, 4\)"),
        ({"query": [1, 2, np.nan, 3]}, "query: "),
        ({"query": [[1, 2, 3, 4], [0, 0, 0, 0]]}, r"query\[1\]: "),
        ({"query": [[1, 2, 3, 4], [0, 0]]}, r"query\[1\]: dimension mismatch"),
        ({"query": "abc"}, "query must hold real numbers"),
        ({"query": np.ones(4), "k": 0}, "k must be at least 1, got 0"),
        ({"query": np.ones(4), "k": -1}, "k must be at least 1, got -1"),
        ({"query": np.ones(4), "k": 2**63}, r"k must be 1\.\.=9223372036854775807, got 9223372036854775808"),
        ({"query": np.ones(4), "k": -(2**70)}, "k must be at least 1, got -1180591620717411303424"),
        ({"query": np.ones(4), "ef": 2**63}, r"ef must be 1\.\.="),
        ({"query": np.ones(4), "ef": 0}, "ef must be at least 1, got 0"),
        ({}, "nothing to search for"),
        ({"query": np.ones(4), "id": "a"}, "not both"),
    ],
)
def test_what_cannot_be_searched_for_is_refused(
    registry: vectord.Registry, given: dict[str, Any], why: str
) -> None:
    docs = registry.create("docs", 4)
    docs.add(["a"], np.ones((1, 4)))
    with pytest.raises(vectord.InvalidArgumentError, match=why):
        docs.search(**given)


def test_get_keeps_the_order_and_leaves_out_what_is_missing(registry: vectord.Registry) -> None:
    docs = registry.create("docs", 2)
    docs.add(["a", "b"], np.eye(2), [{"x": 1}, None])
    rows = docs.get(["b", "zz", "a", "b"])
    assert rows.ids.tolist() == ["b", "a", "b"]
    assert rows.vectors.tolist() == [[0, 1], [1, 0], [0, 1]]
    assert rows.metadata == [None, {"x": 1}, None]
    assert [(id_, vector.tolist(), m) for id_, vector, m in rows][1] == ("a", [1, 0], {"x": 1})
    assert len(rows) == 3
    copy = pickle.loads(pickle.dumps(rows))  # noqa: S301 - our own bytes
    assert isinstance(copy, vectord.Rows)
    assert (copy.ids.tolist(), copy.metadata) == (rows.ids.tolist(), rows.metadata)
    assert np.array_equal(copy.vectors, rows.vectors)
    assert copy.vectors.dtype == np.float32


def test_what_is_not_the_querys_fault_is_not_called_so(registry: vectord.Registry) -> None:
    docs = registry.create("docs", 2)
    registry.delete("docs")
    with pytest.raises(vectord.NotFoundError) as caught:
        docs.search([1, 2])
    assert not str(caught.value).startswith("query")


def test_the_figures_are_those_of_the_index(store: str) -> None:
    docs = vectord.open(store).create("docs", 2)
    docs.add(["a", "b"], np.eye(2))
    docs.delete(["a"])
    stats = docs.stats()
    assert (stats["rows"], stats["dead"], stats["seq"], stats["codec"]) == (1, 1, 3, "f32")
    assert stats["bytes_store"] > 0
    assert stats["objects"] > 0
    assert (stats["lag"], stats["halted"]) == (0, None)
    assert docs.checkpoint() == docs.flush() == docs.refresh() == docs.seq


@pytest.mark.parametrize("distance", DISTANCES)
def test_random_histories_equal_a_dict(store: str, distance: Distance) -> None:
    rng = np.random.default_rng(11)
    model: dict[str, tuple[npt.NDArray[np.float32], Any]] = {}
    registry = vectord.open(store, share=False)
    docs = registry.create("docs", 8, distance=distance)
    for step in range(2_000 // len(DISTANCES) + 1):
        ids = [str(i) for i in rng.integers(300, size=rng.integers(1, 8))]
        action = rng.integers(20)
        if action < 11:
            vectors = rng.standard_normal((len(ids), 8), dtype=np.float32)
            metadata = [
                None if rng.random() < 0.3 else {"step": step, "x": float(x)} for x in rng.random(len(ids))
            ]
            added = docs.add(ids, vectors, metadata)
            for id_, vector, value in zip(ids, vectors, metadata, strict=True):
                kept = model[id_][1] if id_ in model else None
                model[id_] = (vector, kept if value is None else value)
            assert (added.added, added.length) == (len(ids), len(model))
        elif action < 15:
            gone = {id_ for id_ in ids if model.pop(id_, None) is not None}
            assert docs.delete(ids) == vectord.Deleted(docs.seq, len(gone), len(model))
        elif action < 18:
            known = [id_ for id_ in ids if id_ in model]
            docs.set_metadata(known, [{"set": step}] * len(known))
            model.update({id_: (model[id_][0], {"set": step}) for id_ in known})
        elif action == 18:
            docs.checkpoint()
        else:
            registry.close()
            registry = vectord.open(store, share=False)
            docs = registry.get("docs")
        assert docs.validate() == []
        assert len(docs) == len(model)
        if step % 10 == 0 and model:
            order = list(model)
            rows = docs.get(order)
            stored = np.array([model[id_][0] for id_ in order])
            assert rows.ids.tolist() == order
            assert np.array_equal(rows.vectors.view(np.uint32), stored.view(np.uint32))
            assert rows.metadata == [model[id_][1] for id_ in order]
            query = rng.standard_normal(8, dtype=np.float32)
            truth = dict(zip(order, brute(stored, query, distance), strict=True))
            hits = docs.search(query, k=10, exact=True)
            expected = sorted(truth.values())[:10]
            assert np.allclose(hits.distances, expected, atol=1e-5)
            assert np.allclose([truth[id_] for id_ in hits.ids], expected, atol=1e-5)


def test_threads_search_while_another_writes(
    registry: vectord.Registry,
    is_remote: bool,  # noqa: FBT001 - a fixture
) -> None:
    docs = registry.create("docs", 16)
    vectors = clustered(2_000, 16, 9)
    ids = [str(i) for i in range(2_000)]
    docs.add(ids[:1_000], vectors[:1_000])

    def search(seed: int) -> int:
        found = 0
        for at in np.random.default_rng(seed).integers(1_000, size=300):
            hits = docs.search(vectors[at], k=5)
            found += hits.ids[0] == ids[at]
            assert len(hits) == 5
        return found

    with ThreadPoolExecutor(3) as pool:
        answers = [pool.submit(search, seed) for seed in (1, 2)]
        for start in range(1_000, 2_000, 100):
            docs.add(ids[start : start + 100], vectors[start : start + 100])
        assert [answer.result() for answer in answers] == [300, 300]
    if not is_remote:
        assert docs.validate() == []
