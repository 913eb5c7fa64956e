"""Text to vectors without a model to download: TF-IDF of words and word pairs, reduced by a truncated SVD.

This is latent semantic analysis (Deerwester et al., 1990). It stands in for whatever embedding model you use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

DIMENSION = 256


class Embedder:
    """Fitted on a corpus; then any text becomes a unit vector of :data:`DIMENSION` float32."""

    _words: Any
    _reduce: Any

    def __init__(self) -> None:
        """Import scikit-learn, which only the demo needs."""
        try:
            from sklearn.decomposition import TruncatedSVD
            from sklearn.feature_extraction.text import TfidfVectorizer
        except ImportError:
            raise SystemExit("the demo needs scikit-learn: pip install 'vectord[demo]'") from None
        self._words = TfidfVectorizer(
            stop_words="english",
            ngram_range=(1, 2),
            min_df=2,
            max_df=0.2,
            sublinear_tf=True,
            dtype=np.float32,
        )
        self._reduce = TruncatedSVD(DIMENSION, n_iter=3, random_state=0)

    def fit(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Learn the words of `texts`; returns their vectors, of shape ``(len(texts), DIMENSION)``."""
        return _unit(self._reduce.fit_transform(self._words.fit_transform(texts)))

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Embed other texts, of shape ``(len(texts), DIMENSION)``."""
        return _unit(self._reduce.transform(self._words.transform(texts)))


def _unit(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Scale rows to length 1; a row of no known word points along the first axis, since cosine needs one."""
    rows = np.ascontiguousarray(rows, dtype=np.float32)
    rows[np.linalg.norm(rows, axis=1) < 1e-6] = np.eye(1, rows.shape[1], dtype=np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)
