"""Six libraries behind one small interface for searches with a filter.

vectord, Chroma, LanceDB and Qdrant Edge hold the metadata and are given conditions; the last two are told to
index the fields. hnswlib and faiss hold none: they are given which rows pass, for nothing, though working it
out is part of the search for whoever uses them. Filters are in a library's own form before the clock starts.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np
from data import K
from library import EF_CONSTRUCTION, M

if TYPE_CHECKING:
    from collections.abc import Callable

    from data import Rows
    from filter_cases import Cases, Filter

    # Answers one query through one filter, both in the library's form.
    Call = Callable[[Any, Any], Any]

EFFORTS: tuple[int | None, ...] = (10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320, 448, 640, 900, 1280)
# LanceDB compares so many times k rows exactly, since its codes alone stop short of the recall.
RERANKED = 4


def chunks(rows: int, size: int) -> list[slice]:
    """Cut so many rows into slices."""
    return [slice(start, start + size) for start in range(0, rows, size)]


def documents(cases: Cases) -> list[dict[str, Any]]:
    """Return the metadata of each row."""
    columns = [column.tolist() for column in cases.columns.values()]
    return [dict(zip(cases.columns, values, strict=True)) for values in zip(*columns, strict=True)]


class Filtered:
    """An index under measurement."""

    # What is tried, from little to much, until the recall is reached.
    efforts = EFFORTS

    def __init__(self, cases: Cases, folder: str) -> None:
        """Build it of the rows and their metadata."""
        raise NotImplementedError

    def query(self, row: Rows) -> Any:  # noqa: ANN401 - the library's own
        """Return a query as the library wants it."""
        return row

    def filter(self, filter_: Filter) -> Any:  # noqa: ANN401 - the library's own
        """Return a filter as the library wants it."""
        raise NotImplementedError

    def search(self, effort: int | None) -> Call:
        """Return the call that answers one query; a filter of None lets every row pass."""
        raise NotImplementedError

    def ids(self, answer: Any) -> list[int]:  # noqa: ANN401 - the library's own
        """Return the row numbers of an answer."""
        raise NotImplementedError


class Vectord(Filtered):
    """vectord at its defaults, durable on a directory, with string ids."""

    efforts = (None, *EFFORTS)

    def __init__(self, cases: Cases, folder: str) -> None:
        """Add the rows."""
        vectord = importlib.import_module("vectord")
        self.index: Any = vectord.open(folder).create("bench", cases.base.shape[1])
        self.index.add([str(row) for row in range(len(cases.base))], cases.base, documents(cases))
        # The digest needs every row attached.
        self.index.stats()

    def filter(self, filter_: Filter) -> Any:  # noqa: ANN401
        """Write the condition."""
        return {filter_.field: {f"${filter_.sign}": filter_.operand}}

    def search(self, effort: int | None, *, exact: bool = False) -> Call:
        """Search, by comparing every row that passes if `exact`."""
        find = self.index.search
        return lambda query, filter_: find(query, K, ef=effort, filter=filter_, exact=exact)

    def ids(self, answer: Any) -> list[int]:  # noqa: ANN401
        """Read the ids."""
        return [int(row) for row in answer.ids]


class Hnswlib(Filtered):
    """hnswlib, whose filter is a function of Python that is asked of each row met: here a list's own."""

    def __init__(self, cases: Cases, _folder: str) -> None:
        """Add the rows."""
        self.index: Any = importlib.import_module("hnswlib").Index("cosine", cases.base.shape[1])
        self.index.init_index(len(cases.base), ef_construction=EF_CONSTRUCTION, M=M, random_seed=100)
        self.index.add_items(cases.base)

    def filter(self, filter_: Filter) -> Any:  # noqa: ANN401
        """Return how many to ask for, since it fails if it finds fewer, and the function."""
        return min(K, int(filter_.mask.sum())), filter_.mask.tolist().__getitem__

    def search(self, effort: int | None) -> Call:
        """Search; what it says instead of an answer is one without rows."""
        self.index.set_ef(effort)
        find = self.index.knn_query

        def call(query: Rows, filter_: Any) -> Any:  # noqa: ANN401
            k, passes = filter_ or (K, None)
            try:
                return find(query, k, num_threads=1, filter=passes)
            except RuntimeError:
                return [[[]]]

        return call

    def ids(self, answer: Any) -> list[int]:  # noqa: ANN401
        """Read the labels."""
        return [int(row) for row in answer[0][0]]


class Faiss(Filtered):
    """faiss HNSWFlat with an IDSelectorBitmap."""

    def __init__(self, cases: Cases, _folder: str) -> None:
        """Add the rows."""
        self.faiss: Any = importlib.import_module("faiss")
        self.index = self.faiss.IndexHNSWFlat(cases.base.shape[1], M, self.faiss.METRIC_INNER_PRODUCT)
        self.index.hnsw.efConstruction = EF_CONSTRUCTION
        self.index.add(cases.base)
        self.faiss.omp_set_num_threads(1)

    def query(self, row: Rows) -> Any:  # noqa: ANN401
        """Return one row of two dimensions."""
        return row[None]

    def filter(self, filter_: Filter) -> Any:  # noqa: ANN401
        """Make the bitmap."""
        return self.faiss.IDSelectorBitmap(np.packbits(filter_.mask, bitorder="little"))

    def search(self, effort: int | None) -> Call:
        """Search."""
        parameters, find = self.faiss.SearchParametersHNSW, self.index.search
        return lambda query, filter_: find(query, K, params=parameters(sel=filter_, efSearch=effort))

    def ids(self, answer: Any) -> list[int]:  # noqa: ANN401
        """Read the ids, which come second; -1 is none."""
        return [int(row) for row in answer[1][0]]


class Chroma(Filtered):
    """Chroma's persistent client, at its own `ef_search` of 100: an open collection takes no other."""

    efforts = (None,)

    def __init__(self, cases: Cases, folder: str) -> None:
        """Add the rows."""
        chromadb = importlib.import_module("chromadb")
        settings = chromadb.config.Settings(anonymized_telemetry=False)
        client = chromadb.PersistentClient(folder, settings)
        hnsw = {"space": "cosine", "max_neighbors": M, "ef_construction": EF_CONSTRUCTION}
        self.index: Any = client.create_collection(
            "bench", embedding_function=None, configuration={"hnsw": hnsw}
        )
        ids, told = [str(row) for row in range(len(cases.base))], documents(cases)
        for part in chunks(len(ids), 5_000):
            self.index.add(ids=ids[part], embeddings=cases.base[part], metadatas=told[part])

    def filter(self, filter_: Filter) -> Any:  # noqa: ANN401
        """Write the condition."""
        return {filter_.field: {f"${filter_.sign}": filter_.operand}}

    def search(self, _effort: int | None) -> Call:
        """Search."""
        find = self.index.query
        return lambda query, filter_: find(query_embeddings=[query], n_results=K, where=filter_, include=[])

    def ids(self, answer: Any) -> list[int]:  # noqa: ANN401
        """Read the ids."""
        return [int(row) for row in answer["ids"][0]]


class Lancedb(Filtered):
    """LanceDB with IVF_HNSW_SQ in one partition, scalar indexes, filtering first, and re-ranking."""

    # Not below what is re-ranked.
    efforts = tuple(effort for effort in EFFORTS if effort and effort >= RERANKED * K)

    def __init__(self, cases: Cases, folder: str) -> None:
        """Write a table and its indexes."""
        arrow = importlib.import_module("pyarrow")
        dimension = cases.base.shape[1]
        vectors = arrow.FixedSizeListArray.from_arrays(arrow.array(cases.base.ravel()), dimension)
        columns = {name: arrow.array(column.tolist()) for name, column in cases.columns.items()}
        table = arrow.table({"id": arrow.array(range(len(cases.base))), "vector": vectors, **columns})
        connection = importlib.import_module("lancedb").connect(folder)
        self.index: Any = connection.create_table("bench", table)
        self.index.create_index(
            metric="cosine",
            vector_column_name="vector",
            index_type="IVF_HNSW_SQ",
            num_partitions=1,
            m=M,
            ef_construction=EF_CONSTRUCTION,
        )
        for name in columns:
            self.index.create_scalar_index(name, index_type="BTREE" if name == "package" else "BITMAP")

    def filter(self, filter_: Filter) -> Any:  # noqa: ANN401
        """Write the condition."""
        if filter_.sign == "eq":
            return f"{filter_.field} = {filter_.operand!r}"
        sign = "IN" if filter_.sign == "in" else "NOT IN"
        return f"{filter_.field} {sign} ({', '.join(map(str, filter_.operand))})"

    def search(self, effort: int | None) -> Call:
        """Search."""
        find = self.index.search

        def call(query: Rows, filter_: str | None) -> Any:  # noqa: ANN401
            asked = find(query).distance_type("cosine").limit(K).nprobes(1).ef(effort).refine_factor(RERANKED)
            if filter_:
                asked = asked.where(filter_, prefilter=True)
            return asked.select(["id", "_distance"]).to_arrow()

        return call

    def ids(self, answer: Any) -> list[int]:  # noqa: ANN401
        """Read the column."""
        return [int(row) for row in answer["id"].to_pylist()]


class Qdrant(Filtered):
    """Qdrant Edge, optimized after the load, with its fields indexed."""

    def __init__(self, cases: Cases, folder: str) -> None:
        """Write a shard."""
        self.edge: Any = importlib.import_module("qdrant_edge")
        edge = self.edge
        vectors = edge.EdgeVectorParams(cases.base.shape[1], edge.Distance.Cosine)
        # In KB: small sets are scanned all the same, as by its defaults.
        hnsw = edge.HnswIndexConfig(M, EF_CONSTRUCTION, 10_000)
        self.index = edge.EdgeShard.create(f"{folder}/shard", edge.EdgeConfig(vectors, hnsw_config=hnsw))
        update, told = edge.UpdateOperation, documents(cases)
        kinds = edge.PayloadSchemaType
        for name in cases.columns:
            kind = kinds.Keyword if name == "package" else kinds.Integer
            self.index.update(update.create_field_index(name, kind))
        for part in chunks(len(told), 1_000):
            rows = zip(cases.base[part].tolist(), told[part], strict=True)
            points = [edge.Point(part.start + at, row, document) for at, (row, document) in enumerate(rows)]
            self.index.update(update.upsert_points(points))
        self.index.optimize()

    def query(self, row: Rows) -> Any:  # noqa: ANN401
        """Return the components."""
        return self.edge.Query.Nearest(row.tolist())

    def filter(self, filter_: Filter) -> Any:  # noqa: ANN401
        """Make the condition."""
        match = self.edge.MatchValue if filter_.sign == "eq" else self.edge.MatchAny
        condition = self.edge.FieldCondition(filter_.field, match(filter_.operand))
        if filter_.sign == "nin":
            return self.edge.Filter(must_not=[condition])
        return self.edge.Filter(must=[condition])

    def search(self, effort: int | None) -> Call:
        """Search."""
        find, request = self.index.query, self.edge.QueryRequest
        parameters = self.edge.SearchParams(hnsw_ef=effort)
        return lambda query, filter_: find(request(K, query=query, filter=filter_, params=parameters))

    def ids(self, answer: Any) -> list[int]:  # noqa: ANN401
        """Read the ids."""
        return [int(point.id) for point in answer]


FILTERED: dict[str, type[Filtered]] = {
    "vectord": Vectord,
    "hnswlib": Hnswlib,
    "faiss": Faiss,
    "chromadb": Chroma,
    "lancedb": Lancedb,
    "qdrant-edge": Qdrant,
}
