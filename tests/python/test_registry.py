"""The registry: names, handles that share, handles that do not, closing, pickling."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

import vectord
from vectord._vectord import _one_of_each_error

EYE = np.eye(3, dtype=np.float32)


def reopened(store: str) -> vectord.Index:
    """Open `docs` again as another process would, from the store alone."""
    return vectord.open(store, share=False).get("docs")


def test_indexes_are_created_listed_found_and_deleted(store: str) -> None:
    registry = vectord.open(store)
    docs = registry.create("docs", dimension=3, distance="euclidean", m=8, ef_search=100)
    registry.create("b", 2)
    assert registry.names() == list(registry) == ["b", "docs"]
    assert len(registry) == 2
    assert "docs" in registry
    assert "other" not in registry
    assert 3 not in registry
    assert registry["docs"].params == docs.params
    assert docs.params == {"dimension": 3, "distance": "euclidean", "m": 8, "ef_search": 100}
    assert (docs.name, docs.dimension, docs.distance) == ("docs", 3, "euclidean")
    registry.delete("docs")
    assert registry.names() == ["b"]
    with pytest.raises(vectord.NotFoundError):
        len(docs)


def test_a_missing_index_is_a_key_error(store: str) -> None:
    registry = vectord.open(store)
    with pytest.raises(KeyError, match='no index is named "docs"') as caught:
        registry["docs"]
    assert isinstance(caught.value, vectord.NotFoundError)
    with pytest.raises(vectord.NotFoundError):
        registry.delete("docs")


def test_get_or_create_names_both_when_they_differ(registry: vectord.Registry) -> None:
    registry.get_or_create("docs", 3).add(["a"], EYE[:1])
    assert len(registry.get_or_create("docs", dimension=3)) == 1
    with pytest.raises(vectord.AlreadyExistsError):
        registry.create("docs", 3)
    with pytest.raises(vectord.InvalidArgumentError, match=r"dimension 3 .* asked for dimension 4"):
        registry.get_or_create("docs", 4)
    with pytest.raises(ValueError, match=r"distance cosine, asked for .* distance dot"):
        registry.get_or_create("docs", 3, distance="dot")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"dimension": 0}, "dimension must be 1..=16384, got 0"),
        ({"dimension": -1}, r"dimension must be 1\.\.=16384, got -1"),
        ({"dimension": 2**70}, r"dimension must be 1\.\.=16384, got 1180591620717411303424"),
        ({"dimension": 10**5_000}, r"dimension must be 1\.\.=16384, got "),
        ({"dimension": 3, "m": 2**70}, r"m must be 2\.\.=128, got "),
        ({"dimension": 3, "ef_search": 2**32}, r"ef_search must be 1\.\.=65536, got 4294967296"),
        ({"dimension": 3, "m": 1}, "m must be 2..=128, got 1"),
        ({"dimension": 3, "ef_search": 0}, "ef_search must be"),
        ({"dimension": 3, "distance": "l2"}, "expected cosine, euclidean or dot"),
    ],
)
def test_parameters_outside_their_limits_are_refused(
    registry: vectord.Registry, given: dict[str, object], why: str
) -> None:
    with pytest.raises(vectord.InvalidArgumentError, match=why):
        registry.create("docs", **given)  # type: ignore[arg-type]


def test_two_handles_of_one_url_share(store: str) -> None:
    one = vectord.open(store)
    docs = one.create("docs", 3)
    two = vectord.open(Path(store))
    docs.add(["a"], EYE[:1])
    assert "a" in two["docs"]
    two["docs"].add(["b"], EYE[1:2])
    assert len(docs) == 2
    two.close()
    assert docs.add(["c"], EYE[2:]).length == 3


def test_an_index_keeps_its_registry_open(store: str) -> None:
    docs = vectord.open(store).create("docs", 3)
    again = vectord.open(store).get("docs")
    docs.add(["a"], EYE[:1])
    again.add(["b"], EYE[1:2])
    assert docs.search(EYE[0], k=2).ids.tolist() == ["a", "b"]


def test_two_writers_go_on_from_what_the_other_wrote(store: str) -> None:
    docs = vectord.open(store).create("docs", 3)
    docs.add(["a"], EYE[:1])
    other = reopened(store)
    docs.add(["b"], EYE[1:2])
    assert other.add(["c"], EYE[2:]) == vectord.Added(seq=4, added=1, length=3)
    assert docs.delete(["a"]) == vectord.Deleted(seq=5, deleted=1, length=2)
    for index in (docs, other, reopened(store)):
        assert sorted(index.search(EYE[0], k=10).ids) == ["b", "c"]
        assert index.validate() == []
    assert docs.stats()["digest"] == other.stats()["digest"]


def test_memory_stores_are_apart() -> None:
    vectord.open("memory:").create("docs", 3)
    assert vectord.open("memory:").names() == []


def test_closing_ends_every_index_and_may_be_repeated(store: str) -> None:
    with vectord.open(store) as registry:
        docs = registry.create("docs", 3)
        docs.add(["a"], EYE[:1])
    registry.close()
    for use in (registry.names, lambda: docs.search(EYE[0]), lambda: len(docs)):
        with pytest.raises(vectord.InvalidArgumentError, match="closed"):
            use()
    assert 'the registry of index "docs" is closed' in repr(docs)
    assert "closed" in repr(registry)
    assert "a" in reopened(store)


def test_closing_an_index_closes_that_handle_only(registry: vectord.Registry) -> None:
    with registry.create("docs", 3) as docs:
        docs.add(["a"], EYE[:1])
    docs.close()
    with pytest.raises(vectord.InvalidArgumentError, match="closed"):
        docs.add(["b"], EYE[1:2])
    assert len(registry["docs"]) == 1


def test_objects_pickle_as_their_url_and_name(store: str) -> None:
    registry = vectord.open(store)
    docs = registry.create("docs", 3)
    docs.add(["a"], EYE[:1])
    copy = pickle.loads(pickle.dumps(docs))  # noqa: S301 - our own bytes
    assert (copy.name, len(copy)) == ("docs", 1)
    assert pickle.loads(pickle.dumps(registry)).names() == ["docs"]  # noqa: S301
    queued = vectord.open(store, durability="async")
    for one in (queued.get("docs"), pickle.loads(pickle.dumps(queued)).get("docs")):  # noqa: S301
        again = pickle.loads(pickle.dumps(one))  # noqa: S301
        assert again.add(["b"], EYE[1:2]).seq is None
    with pytest.raises(vectord.UnsupportedError, match="use a directory"):
        pickle.dumps(vectord.open("memory:"))


def test_a_representation_says_what_failed() -> None:
    registry = vectord.open("memory:")
    docs = registry.create("docs", 3)
    registry.delete("docs")
    assert "closed" not in repr(docs)
    assert "deleted" in repr(docs)


def test_a_leading_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for url in ("~/vectors", Path("~/vectors")):
        with vectord.open(url) as registry:
            registry.get_or_create("docs", 3)
    assert [path.name for path in tmp_path.iterdir()] == ["vectors"]


def test_representations_say_what_a_thing_is(store: str) -> None:
    registry = vectord.open(store)
    docs = registry.create("docs<b>"[:4], 3)
    docs.add(["<i>"], EYE[:1], [{"x": "<script>"}])
    assert repr(docs).startswith(
        'Index("docs": rows 1, dimension 3, distance cosine, seq 2, codec f32, store '
    )
    assert registry.url in repr(registry)
    hits = docs.search(EYE[0])
    assert "<i>" in repr(hits)
    for thing in (docs, registry, hits, docs.search(EYE), docs.get(["<i>"])):
        html = thing._repr_html_()
        assert html.startswith("<table>")
        assert "<script>" not in html
        assert "<i>" not in html


def test_every_kind_of_error_has_its_class() -> None:
    errors = _one_of_each_error()
    assert len({type(error) for _, error in errors}) == len(errors) == 11
    for code, error in errors:
        assert (error.code, error.item, error.outcome) == (code, 3, "unknown")
        assert str(error).startswith("vectors[3]: a sentence")
