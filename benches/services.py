"""Three servers of one index behind one small interface: vectord, Chroma, and hnswlib behind FastAPI.

Each is built once, ended, and started again on what it left on the disk: so it is measured as a service that
has been deployed.
"""

from __future__ import annotations

import importlib
import json
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alone import CannotRunError
from data import K
from environment import install
from forms import read_vht1
from library import EF_CONSTRUCTION, M
from running import HOST, Running, free_port

if TYPE_CHECKING:
    from data import Dataset, Rows
    from forms import Form
    from typing_extensions import Self

HERE = Path(__file__).parent
ADDED = 1_000


class Service:
    """A server under measurement: `build`, then searches within its `with` block."""

    raw = False
    running: Running

    def __init__(self, folder: Path) -> None:
        """Live in an empty folder."""
        self.folder, self.environment = folder, dict[str, str]()

    def build(self, dataset: Dataset) -> None:
        """Write the index."""
        raise NotImplementedError

    def command(self, port: int) -> list[str]:
        """Return the command that serves it."""
        raise NotImplementedError

    def tune(self, ef: int) -> None:
        """Make searches from now on use an `ef`, if it is not each request that tells."""

    def path(self, form: Form, ef: int | None) -> str:
        """Return where such searches are sent."""
        raise NotImplementedError

    def body(self, form: Form, queries: Rows, ef: int | None) -> bytes:
        """Return the request of a search for the ten nearest; an `ef` of None is the server's own."""
        raise NotImplementedError

    def ids(self, form: Form, answer: bytes) -> list[list[int]]:
        """Return the row numbers of an answer, a list for each query."""
        raise NotImplementedError

    def search(self, form: Form, queries: Rows, ef: int | None) -> list[list[int]]:
        """Search once."""
        told = self.running.ask("POST", self.path(form, ef), self.body(form, queries, ef), form.kind)
        return self.ids(form, told)

    def __enter__(self) -> Self:
        """Start it."""
        port = free_port()
        log = self.folder.with_suffix(".log")
        self.running = Running(self.command(port), port, log, self.environment)
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.running.end()


class Vectord(Service):
    """`vectord serve` on a directory, with the console script of the wheel."""

    raw = True

    def build(self, dataset: Dataset) -> None:
        """Add the rows in this process, with string ids."""
        vectord = importlib.import_module("vectord")
        with vectord.open(str(self.folder / "store")) as registry:
            index = registry.create("bench", dataset.base.shape[1], distance=dataset.distance)
            index.add([str(row) for row in range(len(dataset.base))], dataset.base)
            index.checkpoint()

    def command(self, port: int) -> list[str]:
        """Return the command that serves it."""
        script = str(Path(sysconfig.get_path("scripts")) / "vectord")
        store = ["--store", str(self.folder / "store")]
        return [script, "serve", *store, "--bind", f"{HOST}:{port}", "--log", "error"]

    def path(self, form: Form, ef: int | None) -> str:
        """Tell raw searches by the query string."""
        asked = f"?k={K}" + (f"&ef={ef}" if ef else "") if form.raw else ""
        return f"/vectors/index/bench/search{asked}"

    def body(self, form: Form, queries: Rows, ef: int | None) -> bytes:
        """Return the rows as they are, or as JSON."""
        if form.raw:
            return queries.astype("<f4").tobytes()
        asked = {"vector": queries[0].tolist()} if form.queries == 1 else {"vectors": queries.tolist()}
        return json.dumps({**asked, "k": K, **({"ef": ef} if ef else {})}).encode()

    def ids(self, form: Form, answer: bytes) -> list[list[int]]:
        """Read VHT1, or JSON."""
        if form.raw:
            return read_vht1(answer)
        results = json.loads(answer)["results"]
        return [[int(hit["id"]) for hit in hits] for hits in ([results] if form.queries == 1 else results)]


class Chroma(Service):
    """`chroma run`, asked by its REST API."""

    root = "/api/v2/tenants/default_tenant/databases/default_database/collections"

    def build(self, dataset: Dataset) -> None:
        """Add the rows over HTTP."""
        python = install()
        if python is None:
            raise CannotRunError("chromadb cannot be installed")
        self.script = str(python.with_name("chroma"))
        self.environment = {"ANONYMIZED_TELEMETRY": "False"}
        hnsw = {"space": dataset.distance, "max_neighbors": M, "ef_construction": EF_CONSTRUCTION}
        with self:
            made = self.running.tell("POST", self.root, {"name": "bench", "configuration": {"hnsw": hnsw}})
            self.collection = f"{self.root}/{made['id']}"
            for start in range(0, len(dataset.base), ADDED):
                rows = dataset.base[start : start + ADDED]
                ids = [str(row) for row in range(start, start + len(rows))]
                added = {"ids": ids, "embeddings": rows.tolist()}
                self.running.tell("POST", f"{self.collection}/add", added)

    def command(self, port: int) -> list[str]:
        """Return the command that serves it."""
        return [self.script, "run", "--path", str(self.folder), "--host", HOST, "--port", str(port)]

    def tune(self, ef: int) -> None:
        """Change the collection, and start again: an open collection keeps the `ef` that it has."""
        changed = {"new_configuration": {"hnsw": {"ef_search": ef}}}
        self.running.tell("PUT", self.collection, changed)
        self.__exit__()
        self.__enter__()

    def path(self, _form: Form, _ef: int | None) -> str:
        """Return the collection's."""
        return f"{self.collection}/query"

    def body(self, _form: Form, queries: Rows, _ef: int | None) -> bytes:
        """Ask for ids and distances, as the others tell them."""
        asked = {"query_embeddings": queries.tolist(), "n_results": K, "include": ["distances"]}
        return json.dumps(asked).encode()

    def ids(self, _form: Form, answer: bytes) -> list[list[int]]:
        """Read the ids."""
        return [[int(row) for row in ids] for ids in json.loads(answer)["ids"]]


class Hnswlib(Service):
    """hnswlib_service.py under uvicorn."""

    workers = 1

    def build(self, dataset: Dataset) -> None:
        """Save an index."""
        try:
            hnswlib: Any = importlib.import_module("hnswlib")
            for needed in ("fastapi", "httptools", "orjson", "uvicorn", "uvloop"):
                importlib.import_module(needed)
        except ImportError as error:
            raise CannotRunError(str(error)) from error
        file, dimension = self.folder / "index.bin", dataset.base.shape[1]
        index = hnswlib.Index(dataset.distance, dimension)
        index.init_index(len(dataset.base), ef_construction=EF_CONSTRUCTION, M=M, random_seed=100)
        # With several threads its graph, and so its `ef`, would differ from run to run.
        index.add_items(dataset.base, num_threads=1)
        index.save_index(str(file))
        self.environment = {"INDEX": str(file), "DIMENSION": str(dimension)}

    def command(self, port: int) -> list[str]:
        """Return the command that serves it."""
        place = ["--app-dir", str(HERE), "--host", HOST, "--port", str(port)]
        quiet = ["--workers", str(self.workers), "--log-level", "warning", "--no-access-log"]
        return [sys.executable, "-m", "uvicorn", "hnswlib_service:app", *place, *quiet]

    def path(self, form: Form, _ef: int | None) -> str:
        """Return the route."""
        return "/search" if form.queries == 1 else "/batch"

    def body(self, form: Form, queries: Rows, ef: int | None) -> bytes:
        """Return the query or queries."""
        asked = {"vector": queries[0].tolist()} if form.queries == 1 else {"vectors": queries.tolist()}
        return json.dumps({**asked, "k": K, **({"ef": ef} if ef else {})}).encode()

    def ids(self, form: Form, answer: bytes) -> list[list[int]]:
        """Read the ids."""
        told = json.loads(answer)
        return [found["ids"] for found in ([told] if form.queries == 1 else told)]


class HnswlibTwice(Hnswlib):
    """The same with two workers, each with an index of its own."""

    workers = 2


SERVICES: dict[str, type[Service]] = {
    "vectord": Vectord,
    "chromadb": Chroma,
    "hnswlib": Hnswlib,
    "hnswlib-2": HnswlibTwice,
}
