"""Rows of 384 components, as many as are asked for: text embeddings if VECTORD_DATA has them.

The 40,000 that there are come first; later ones are those again with some noise, so that no two are the same.
Without VECTORD_DATA a seeded clustered set stands in.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt

DIMENSION = 384


def make(count: int) -> npt.NDArray[np.float32]:
    """Return the first `count` rows, float32, `count x 384`."""
    rng = np.random.default_rng(1)
    if "VECTORD_DATA" in os.environ:
        base = np.load(Path(os.environ["VECTORD_DATA"]) / "minilm-40k.f16.npy", mmap_mode="r")
    else:
        centres = rng.standard_normal((200, DIMENSION))
        base = centres[rng.integers(0, 200, 40_000)] + 0.4 * rng.standard_normal((40_000, DIMENSION))
    rows = np.empty((count, DIMENSION), dtype=np.float32)
    for start in range(0, count, len(base)):
        part = rows[start : start + len(base)]
        part[:] = base[: len(part)]
        if start:
            part += 0.02 * rng.standard_normal(part.shape, dtype=np.float32)
    return rows
