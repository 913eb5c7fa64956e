"""The demo's five questions, asked of an index in this process and of a service over HTTP."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from vectord import Index

NAME = "python-docs"
K = 10

# Each with the module that must be among the first three modules of the answer.
QUESTIONS = {
    "how do I compress data with gzip?": "gzip",
    "how do I make a temporary directory?": "tempfile",
    "how do I run a command in a subprocess?": "subprocess",
    "how do I pick a random element from a list?": "random",
    "which weekday is a given date?": "datetime",
}


def modules(metadata: list[dict[str, str]]) -> list[str]:
    """List the modules of an answer, nearest first, each once."""
    return list(dict.fromkeys(row["module"] for row in metadata))


def in_process(index: Index, queries: npt.NDArray[np.float32]) -> list[list[str]]:
    """Print each question's answer; returns the ids. Exits if a question misses its module."""
    answers = []
    for (question, expected), query in zip(QUESTIONS.items(), queries, strict=True):
        hits = index.search(query, k=K)
        first = modules(hits.metadata)[:3]
        print(f"\n  {question}")
        for id_, distance, metadata in list(hits)[:3]:
            print(f"    {distance:.3f}  {id_:<34} {metadata['summary'][:70]}")
        if expected not in first:
            raise SystemExit(f"expected {expected} among the first three modules, got {', '.join(first)}")
        answers.append([str(id_) for id_ in hits.ids])
    return answers


def over_http(url: str, queries: npt.NDArray[np.float32]) -> list[list[str]]:
    """Ask the service at `url` the same questions; returns the ids."""
    answers = []
    for query in queries:
        body = json.dumps({"vector": query.tolist(), "k": K}).encode()
        request = urllib.request.Request(  # noqa: S310 - the address is the one our own service announced
            f"{url}/vectors/index/{NAME}/search", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
            answers.append([result["id"] for result in json.load(answer)["results"]])
    return answers
