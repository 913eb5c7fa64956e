"""What people write themselves, hnswlib behind FastAPI: `uvicorn hnswlib_service:app`, with INDEX, DIMENSION.

The index is in the process, so each worker holds one. Bodies are read and written by orjson and not declared
as models: those of pydantic, which look at each number, make a search take half as long again.
"""

from __future__ import annotations

import os
from typing import Any

import hnswlib
import numpy as np
import orjson
from fastapi import FastAPI, Request, Response

app = FastAPI()
index = hnswlib.Index("cosine", int(os.environ["DIMENSION"]))
index.load_index(os.environ["INDEX"])


def find(body: dict[str, Any], vectors: list[list[float]]) -> list[dict[str, Any]]:
    """Search for each row, on the one thread that there is."""
    index.set_ef(body.get("ef", 100))
    rows = np.array(vectors, dtype=np.float32)
    labels, distances = index.knn_query(rows, k=body.get("k", 10), num_threads=1)
    found = zip(labels.tolist(), distances.tolist(), strict=True)
    return [{"ids": ids, "distances": near} for ids, near in found]


def answer(told: object) -> Response:
    """Return it as JSON."""
    return Response(orjson.dumps(told), media_type="application/json")


@app.post("/search")
async def search(request: Request) -> Response:
    """Return the rows nearest to `vector`."""
    body = orjson.loads(await request.body())
    return answer(find(body, [body["vector"]])[0])


@app.post("/batch")
async def batch(request: Request) -> Response:
    """Return the rows nearest to each of `vectors`."""
    body = orjson.loads(await request.body())
    return answer(find(body, body["vectors"]))
