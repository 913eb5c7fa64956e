"""What is special about an index behind a service: addresses, keys, lost answers, forks, pickles, limits.

That the classes are the same is tested where they are tested, by the fixture `registry`.
"""

from __future__ import annotations

import functools
import json
import os
import pickle
import threading
import warnings
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import numpy as np
import pytest

import vectord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EYE = np.eye(3, dtype=np.float32)


@pytest.fixture
def served() -> Iterator[tuple[vectord.Registry, str]]:
    """Return a registry in memory and the address of the service over it."""
    registry = vectord.open("memory:")
    with vectord.Server(registry) as server:
        assert server.url is not None
        yield registry, server.url


class Answer:
    """What a stub answers: a status, a document, headers; or nothing, with the connection closed."""

    def __init__(self, status: int, document: object = None, **headers: str) -> None:
        """Keep them."""
        self.status, self.document, self.headers = status, document, headers


LOST = Answer(0)


@contextmanager
def stub(
    answer: Callable[[str, str, dict[str, str]], Answer | None], behind: str = ""
) -> Iterator[tuple[str, list[tuple[str, str, dict[str, str]]]]]:
    """Serve what `answer` says of (method, path, headers), and where that is None what `behind` does.

    Yields the address, and the list of what was asked. The stub runs in this process: it could not answer
    while a call held the interpreter.
    """
    asked: list[tuple[str, str, dict[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            told = (self.command, self.path, headers)
            asked.append(told)
            said = answer(*told)
            if said is None or said is LOST:
                kept = {name: headers[name] for name in headers if name not in ("host", "connection")}
                request = Request(behind + self.path, body or None, kept, method=self.command)  # noqa: S310
                try:
                    response = urlopen(request)  # noqa: S310 - our own service
                except HTTPError as error:
                    response = error
                with response:
                    data, status = response.read(), response.status
                    content = response.headers.get("content-type", "")
                    extra = {k: v for k, v in response.headers.items() if k.lower().startswith("x-vectord-")}
                if said is LOST:
                    self.close_connection = True
                    return
            else:
                data, status, content = json.dumps(said.document).encode(), said.status, "application/json"
                extra = said.headers
            self.send_response(status)
            self.send_header("content-length", str(len(data)))
            self.send_header("content-type", content)
            for name, value in extra.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_DELETE = handle_any  # noqa: N815 - names of http.server

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def once(path: str, what: Answer) -> Callable[[str, str, dict[str, str]], Answer | None]:
    """Answer `what` to the first request whose path ends so, and leave the rest to the service."""
    left = [what]

    def answer(_: str, asked: str, __: dict[str, str]) -> Answer | None:
        return left.pop() if left and asked.partition("?")[0].endswith(path) else None

    return answer


def test_a_service_that_is_not_there_is_unavailable_by_its_address() -> None:
    with stub(lambda *_: None) as (url, _):
        pass
    with pytest.raises(vectord.UnavailableError, match=rf"^{url}: cannot connect: ") as caught:
        vectord.connect(url, timeout=1)
    assert caught.value.outcome == "known"
    assert caught.value.request_id is None


@pytest.mark.parametrize(
    "url", ["./vectors", "memory:", "ftp://host", "http://", "http://me:secret@host", ""]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(vectord.InvalidArgumentError, match="the address of a service"):
        vectord.connect(url)
    for timeout in (0, -1, float("nan"), float("inf")):
        with pytest.raises(vectord.InvalidArgumentError, match="timeout must be"):
            vectord.connect("http://127.0.0.1:1", timeout=timeout)


def test_a_server_of_something_else_is_told_apart() -> None:
    with (
        stub(lambda *_: Answer(404, "no such page")) as (url, _),
        pytest.raises(vectord.NotFoundError, match=r"404 Not Found: is a vectord service at this address\?"),
    ):
        vectord.connect(url)
    with (
        stub(lambda *_: Answer(200, {"hello": "world"})) as (url, _),
        pytest.raises(vectord.UnsupportedError, match="the answer cannot be read"),
    ):
        vectord.connect(url)


def test_the_key_goes_with_every_call_and_into_no_pickle(
    served: tuple[vectord.Registry, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VECTORD_API_KEY", raising=False)
    with stub(lambda *_: None, served[1]) as (url, asked):
        registry = vectord.connect(url, api_key="top-secret")
        docs = registry.create("docs", 3)
        docs.add(["a"], EYE[:1])
        assert {headers.get("authorization") for *_, headers in asked} == {"Bearer top-secret"}
        pickled = [pickle.dumps(one) for one in (registry, docs)]
        for one in (*pickled, repr(registry).encode(), repr(docs).encode()):
            assert b"top-secret" not in one
        asked.clear()
        monkeypatch.setenv("VECTORD_API_KEY", "of the child")
        again = [pickle.loads(one) for one in pickled]  # noqa: S301 - our own bytes
        assert again[0].names() == [again[1].name] == ["docs"]
        assert len(again[1]) == 1
        assert {headers.get("authorization") for *_, headers in asked} == {"Bearer of the child"}


def test_a_server_with_a_key_answers_those_who_show_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VECTORD_API_KEY", raising=False)
    registry = vectord.open("memory:")
    with pytest.raises(vectord.InvalidArgumentError, match="at least 16 characters, got 5"):
        vectord.Server(registry, api_key="short")
    with vectord.Server(registry, api_key="a key of some length") as server:
        assert server.url is not None
        assert vectord.connect(server.url, "a key of some length").create("docs", 3).dimension == 3
        for key in (None, "a key of other length"):
            with pytest.raises(vectord.UnauthenticatedError):
                vectord.connect(server.url, key)
        monkeypatch.setenv("VECTORD_API_KEY", "a key of some length")
        assert vectord.connect(server.url).names() == ["docs"]


def test_an_error_says_under_what_the_service_has_it(served: tuple[vectord.Registry, str]) -> None:
    with pytest.raises(vectord.NotFoundError, match=r'^no index is named "docs"$') as caught:
        vectord.connect(served[1]).get("docs")
    assert caught.value.code == "not_found"
    assert caught.value.request_id
    document = {"code": "conflict", "detail": "others write", "outcome": "unknown", "item": 4}
    with stub(once("/index", Answer(409, document, x_request_id="r-7"))) as (url, _):
        with pytest.raises(vectord.ConflictError, match=r"others write \(outcome unknown") as told:
            vectord.connect(url)
        assert (told.value.request_id, told.value.outcome, told.value.item) == ("r-7", "unknown", 4)


def test_an_add_whose_answer_was_lost_is_in_once(served: tuple[vectord.Registry, str]) -> None:
    docs = served[0].create("docs", 3)
    with stub(once("/add", LOST), served[1]) as (url, asked):
        remote = vectord.connect(url)["docs"]
        assert remote.add(["a", "b"], EYE[:2]) == vectord.Added(seq=2, added=2, length=2)
        assert docs.seq == 2
        keys = [headers["idempotency-key"] for _, path, headers in asked if path.endswith("/add")]
        assert len(keys) == 2
        assert len(set(keys)) == 1
        assert keys[0].startswith("vectord-retry:")
        remote.add(["a", "b"], EYE[:2])
        assert asked[-1][2]["idempotency-key"] not in keys
        assert docs.seq == 3


def test_a_job_whose_answer_was_lost_has_not_resumed(served: tuple[vectord.Registry, str]) -> None:
    served[0].create("docs", 3)
    batches: list[Any] = [([str(at)], EYE[:1]) for at in range(3)]
    with stub(once("/add", LOST), served[1]) as (url, _):
        docs = vectord.connect(url)["docs"]
        done = docs.add_batches(batches, job="für immer")
        assert (done.batches, done.resumed, done.added, done.length) == (3, 0, 3, 3)
        again = docs.add_batches(batches, job="für immer")
        assert (again.batches, again.resumed, again.seq) == (3, 3, done.seq)


def test_a_read_whose_answer_was_lost_is_repeated(served: tuple[vectord.Registry, str]) -> None:
    served[0].create("docs", 3).add(["a"], EYE[:1])
    with stub(once("/search", LOST), served[1]) as (url, asked):
        assert vectord.connect(url)["docs"].search(EYE[0]).ids.tolist() == ["a"]
        assert sum("/search" in path for _, path, _ in asked) == 2


def test_deletes_and_metadata_whose_answer_was_lost_are_done_once(
    served: tuple[vectord.Registry, str],
) -> None:
    docs = served[0].create("docs", 3)
    docs.add(["a", "b"], EYE[:2])
    with stub(once("/metadata", LOST), served[1]) as (url, _):
        remote = vectord.connect(url)["docs"]
        assert remote.set_metadata(["a"], [{"n": 1}]) == vectord.MetadataSet(seq=3, updated=1, length=2)
    for ids, filter_, left in ((["a"], None, 1), (None, {"$id": "b"}, 0)):
        with stub(once("/delete", LOST), served[1]) as (url, _):
            deleted = vectord.connect(url)["docs"].delete(ids, filter=filter_)
            assert deleted == vectord.Deleted(seq=4 + (left == 0), deleted=1, length=left)
    assert docs.seq == 5


def test_a_write_the_service_is_unsure_of_is_asked_for_again(served: tuple[vectord.Registry, str]) -> None:
    served[0].create("docs", 3)
    document = {"code": "unavailable", "detail": "the store is slow", "outcome": "unknown"}
    with stub(once("/add", Answer(503, document, retry_after="0")), served[1]) as (url, asked):
        assert vectord.connect(url)["docs"].add(["a"], EYE[:1]).seq == 2
        assert len({headers["idempotency-key"] for *_, headers in asked[-2:]}) == 1


def test_a_creation_whose_answer_was_lost_is_not_repeated(served: tuple[vectord.Registry, str]) -> None:
    lost = [LOST]

    def answer(method: str, *_: object) -> Answer | None:
        return lost.pop() if method == "POST" and lost else None

    with stub(answer, served[1]) as (url, asked):
        registry = vectord.connect(url)
        with pytest.raises(vectord.UnavailableError, match="connection was lost") as caught:
            registry.create("new", 3)
        assert caught.value.outcome == "unknown"
        assert "new" in registry
        assert sum(method == "POST" for method, *_ in asked) == 1


def test_a_service_without_room_is_asked_again_when_it_says() -> None:
    busy = Answer(
        503, {"code": "unavailable", "detail": "too many at once", "outcome": "known"}, retry_after="0"
    )
    left = [busy, busy]
    with stub(lambda *_: left.pop() if left else Answer(200, {"names": ["a"]})) as (url, asked):
        assert vectord.connect(url).names() == ["a"]
        assert len(asked) == 4
    with stub(lambda *_: busy) as (url, asked):
        with pytest.raises(vectord.UnavailableError, match=r"^too many at once$"):
            vectord.connect(url)
        assert len(asked) == 5


def test_reads_see_what_was_written_whoever_answers(served: tuple[vectord.Registry, str]) -> None:
    with stub(lambda *_: None, served[1]) as (url, asked):
        docs = vectord.connect(url).create("docs", 3)
        seq = docs.add(["a"], EYE[:1]).seq
        asked.clear()
        docs.search(EYE[0])
        docs.search(EYE[0], min_seq=1)
        docs.count()
        docs.get(["a"])
        docs.scan()
        docs.values("x")
        len(docs)
        assert "a" in docs
        assert len(asked) == 8
        assert all(f"min_seq={seq}" in path for _, path, _ in asked), [path for _, path, _ in asked]
        docs.search(id="a")
        docs.search(EYE, consistency="strong")
        assert "consistency=strong" in asked[-1][1]


def test_reads_in_a_child_and_of_a_pickle_see_what_was_written(
    served: tuple[vectord.Registry, str],
) -> None:
    with stub(lambda *_: None, served[1]) as (url, asked):
        docs = vectord.connect(url).create("docs", 3)
        seq = docs.add(["a"], EYE[:1]).seq
        # Twice: what a copy is told of it tells its own.
        for copy in (again := pickle.loads(pickle.dumps(docs)), pickle.loads(pickle.dumps(again))):  # noqa: S301
            asked.clear()
            assert copy.count() == 1
            assert f"min_seq={seq}" in asked[-1][1]
        asked.clear()
        with warnings.catch_warnings():
            # From 3.12 on Python warns of every fork while there are threads.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            try:
                pickled = pickle.dumps(docs)
                counts = docs.count(), pickle.loads(pickled).count()  # noqa: S301
                os._exit(0 if counts == (1, 1) else 1)
            finally:
                os._exit(2)
        assert os.waitpid(child, 0)[1] == 0
        counted = [path for _, path, _ in asked if "/count" in path]
        assert len(counted) == 2
        assert all(f"min_seq={seq}" in path for path in counted)


def test_a_later_piece_of_a_long_answer_is_never_older(served: tuple[vectord.Registry, str]) -> None:
    wide, narrow = served[0].create("wide", 16_384), served[0].create("narrow", 3)
    wide.add(["a"], np.ones((1, 16_384)))
    narrow.add([str(at) for at in range(2_100)], np.ones((2_100, 3)))
    with stub(lambda *_: None, served[1]) as (url, asked):
        registry = vectord.connect(url)
        wide, narrow = registry["wide"], registry["narrow"]
        reads: list[Callable[[], vectord.Rows]] = [
            lambda: wide.get([str(at) for at in range(2_100)]),
            lambda: narrow.scan(limit=2_100),
        ]
        for read in reads:
            asked.clear()
            read()
            first, *later = [path for _, path, _ in asked]
            assert "min_seq" not in first
            assert len(later) > 1
            assert all("min_seq=2" in path for path in later), later


def test_answers_are_those_of_the_index_itself(served: tuple[vectord.Registry, str]) -> None:
    rng = np.random.default_rng(3)
    here = served[0].create("docs", 16, distance="euclidean")
    here.add(
        [f"r{i}" for i in range(3_000)], rng.standard_normal((3_000, 16)), [{"n": i} for i in range(3_000)]
    )
    there = vectord.connect(served[1])["docs"]
    assert there.params == here.params
    for how in (
        {},
        {"k": 3, "exact": True},
        {"ef": 200, "explain": True},
        {"filter": {"n": {"$lt": 40}}, "explain": True},
        {"within": 3.5},
        {"within": float("inf"), "k": 1_000},
        {"consistency": "strong"},
        # Too long for an address.
        {"filter": {"n": {"$in": list(range(0, 3_000, 3))}}},
    ):
        query = rng.standard_normal(16)
        one, other = here.search(query, **how), there.search(query, **how)
        assert one.ids.tolist() == other.ids.tolist()
        assert one.distances.tolist() == other.distances.tolist()
        assert one.metadata == other.metadata
        assert (one.seq, one.exact, one.explanation) == (other.seq, other.exact, other.explanation)
    # More than one request's worth: two million rows to be found.
    queries = rng.standard_normal((2_100, 16))
    assert there.search(queries, k=1_000).ids.shape == (2_100, 1_000)
    assert there.search(queries, k=5).ids.tolist() == here.search(queries, k=5).ids.tolist()
    some = [f"r{i}" for i in range(0, 3_000, 7)]
    assert np.array_equal(there.get(some).vectors.view(np.uint32), here.get(some).vectors.view(np.uint32))
    assert there.scan(limit=2_500).ids.tolist() == here.scan(limit=2_500).ids.tolist()
    assert there.values("n", limit=3) == here.values("n", limit=3)
    assert there.recall(50, 5, filter={"n": {"$lt": 2_000}}, seed=3) == here.recall(
        50, 5, filter={"n": {"$lt": 2_000}}, seed=3
    )
    assert there.recall(queries=queries[:20]).recall == pytest.approx(
        here.recall(queries=queries[:20]).recall
    )
    changing = {"bytes_memory", "live_recall"}
    one, other = ({k: v for k, v in index.stats().items() if k not in changing} for index in (here, there))
    assert one == other
    assert set(there.stats()) == set(here.stats())
    assert there.stats(digest=False)["digest"] is None


def test_a_call_beyond_64_mib_is_several_batches(served: tuple[vectord.Registry, str]) -> None:
    docs = vectord.connect(served[1]).create("wide", 16_384)
    rows = np.ones((1_100, 16_384), dtype=np.float32)
    ids = [str(i) for i in range(1_100)]
    assert docs.add(ids, rows, idempotency_key="wide") == vectord.Added(seq=3, added=1_100, length=1_100)
    assert docs.add(ids, rows, idempotency_key="wide") == vectord.Added(seq=3, added=1_100, length=1_100)


def refused(call: Callable[[vectord.Registry, vectord.Index], object], registry: vectord.Registry) -> object:
    """Return what an exception of `call` says, without what only a service tells."""
    with pytest.raises(vectord.VectordError) as caught:
        call(registry, registry["docs"])
    error = caught.value
    return type(error), str(error), error.code, error.outcome, getattr(error, "item", None)


LONG = "x" * 513
DEEP: dict[str, Any] = functools.reduce(lambda inner, _: {"$not": inner}, range(20), {"n": 1})


@pytest.mark.parametrize(
    "call",
    [
        lambda registry, _: registry.create("docs", 3),
        lambda registry, _: registry.create("no name", 3),
        lambda registry, _: registry.create("new", 0),
        lambda registry, _: registry.create("new", 3, distance="manhattan"),
        lambda registry, _: registry.create("new", 3, m=1),
        lambda registry, _: registry.create("new", 3, ef_search=0),
        lambda registry, _: registry.get("nobody"),
        lambda registry, _: registry.get("../docs"),
        lambda registry, _: registry.delete("nobody"),
        lambda registry, _: registry.get_or_create("docs", 4),
        lambda _, docs: docs.add(["a"], [[1, 2]]),
        lambda _, docs: docs.add(["a", ""], EYE[:2]),
        lambda _, docs: docs.add(["a", LONG], EYE[:2]),
        lambda _, docs: docs.add(["a", "b"], [[1, 0, 0], [0, 0, 0]]),
        lambda _, docs: docs.add(["a"], EYE[:1], [{"x": "y" * 70_000}]),
        lambda _, docs: docs.add(["a"], EYE[:1], idempotency_key=""),
        lambda _, docs: docs.add(["other"], EYE[:1], idempotency_key="used"),
        lambda _, docs: docs.add_batches([(["b"], EYE[:1])], job=""),
        lambda _, docs: docs.search([1, 2]),
        lambda _, docs: docs.search([0, 0, 0]),
        lambda _, docs: docs.search([[1, 0, 0], [0, 0, 0]]),
        lambda _, docs: docs.search([float("nan"), 0, 0]),
        lambda _, docs: docs.search(id="nobody"),
        lambda _, docs: docs.search(id=""),
        lambda _, docs: docs.search(EYE[0], k=0),
        lambda _, docs: docs.search(EYE[0], ef=0),
        lambda _, docs: docs.search(EYE[0], recall=2.0),
        lambda _, docs: docs.search(EYE[0], recall=0.9, ef=10),
        lambda _, docs: docs.search(EYE[0], within=float("nan")),
        lambda _, docs: docs.search(EYE[0], filter={"n": {"$foo": 1}}),
        lambda _, docs: docs.search(EYE[0], filter=DEEP),
        lambda _, docs: docs.search(EYE[0], min_seq=-1),
        lambda _, docs: docs.search(EYE[0], consistency="weak"),
        lambda _, docs: docs.search(),
        lambda _, docs: docs.get([1]),
        lambda _, docs: docs.count({"n": {"$foo": 1}}),
        lambda _, docs: docs.scan({"n": {"$foo": 1}}),
        lambda _, docs: docs.scan(limit=0),
        lambda _, docs: docs.values(""),
        lambda _, docs: docs.values("a..b"),
        lambda _, docs: docs.values("n", limit=0),
        lambda _, docs: docs.delete(filter={"n": {"$foo": 1}}),
        lambda _, docs: docs.delete(),
        lambda _, docs: docs.set_metadata(["nobody"], [{}]),
        lambda _, docs: docs.set_metadata(["a", "nobody"], [{}, {}]),
        lambda _, docs: docs.set_metadata(["a"], [{"x": "y" * 70_000}]),
        lambda _, docs: docs.recall(0),
        lambda _, docs: docs.recall(k=0),
        lambda _, docs: docs.recall(ef=0),
        lambda _, docs: docs.recall(queries=[[1, 2]]),
        lambda _, docs: docs.recall(queries=[[1, 0, 0], [0, 0, 0]]),
        lambda _, docs: docs.recall(filter={"n": {"$foo": 1}}),
    ],
)
def test_a_refusal_says_the_same_wherever(
    served: tuple[vectord.Registry, str], call: Callable[[vectord.Registry, vectord.Index], object]
) -> None:
    here, url = served
    here.create("docs", 3).add(["a"], EYE[:1], idempotency_key="used")
    assert refused(call, vectord.connect(url)) == refused(call, here)


def test_64_mib_are_one_batch_and_a_byte_more_are_two_wherever(registry: vectord.Registry) -> None:
    docs = registry.create("wide", 16_384, distance="dot")
    rows = np.ones((1_023, 16_384), dtype=np.float32)
    ids = [f"{i:04}" for i in range(1_023)]
    # What the layout of a batch leaves (FORMAT.md, section 3).
    left = (64 << 20) - rows.nbytes - 8 - 2 * 4 * 1_024 - 4 * 1_023
    for longer, seq in ((0, 2), (1, 4)):
        text = "x" * (left - len('""') + longer)
        assert docs.add(ids, rows, [None] * 1_022 + [text]).seq == seq


def test_what_a_service_does_not_do_is_said(served: tuple[vectord.Registry, str]) -> None:
    registry = vectord.connect(served[1])
    docs = registry.create("docs", 3)
    with pytest.raises(vectord.UnsupportedError, match="validate"):
        docs.validate()
    with pytest.raises(vectord.UnsupportedError, match="a Server serves a store"):
        vectord.Server(registry).start()
    with pytest.raises(vectord.InvalidArgumentError, match="k must be at most 1000 over HTTP, got 1001"):
        docs.search(EYE[0], k=1_001)
    assert repr(docs) == f'Index("docs": rows 0, dimension 3, distance cosine, seq 1, service {served[1]})'
    assert repr(registry) == f'Registry("{served[1]}")'
    registry.close()
    with pytest.raises(vectord.InvalidArgumentError, match="closed"):
        docs.search(EYE[0])
