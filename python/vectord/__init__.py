"""A vector index that a notebook, an ingest job and an HTTP service can open at the same time.

>>> import numpy as np, vectord
>>> registry = vectord.open("memory:")
>>> docs = registry.create("docs", dimension=2)
>>> _ = docs.add(["east", "north"], np.eye(2, dtype=np.float32))
>>> docs.search([0.9, 0.1], k=1).ids.tolist()
['east']

Importing is silent: no thread starts, no file is opened, and nothing but numpy is imported.
"""

from vectord._vectord import (
    Added,
    BatchesAdded,
    BatchHits,
    Deleted,
    Hits,
    Index,
    MetadataSet,
    Recall,
    Registry,
    Rows,
    Server,
    __version__,
    connect,
    open,
)
from vectord.errors import (
    AlreadyExistsError,
    ConflictError,
    CorruptError,
    InternalError,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
    ResourceExhaustedError,
    UnauthenticatedError,
    UnavailableError,
    UnsupportedError,
    VectordError,
)

__all__ = [
    "Added",
    "AlreadyExistsError",
    "BatchHits",
    "BatchesAdded",
    "ConflictError",
    "CorruptError",
    "Deleted",
    "Hits",
    "Index",
    "InternalError",
    "InvalidArgumentError",
    "MetadataSet",
    "NotFoundError",
    "PermissionDeniedError",
    "Recall",
    "Registry",
    "ResourceExhaustedError",
    "Rows",
    "Server",
    "UnauthenticatedError",
    "UnavailableError",
    "UnsupportedError",
    "VectordError",
    "__version__",
    "connect",
    "open",
]
