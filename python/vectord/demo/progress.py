"""Progress on stderr: a tqdm bar if tqdm is installed, else one line that is written over."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Step = TypeVar("Step")


def progress(label: str, steps: Sequence[Step]) -> Iterator[Step]:
    """Yield `steps`, showing how many are done."""
    try:
        from tqdm import tqdm
    except ImportError:
        yield from _line(label, steps)
    else:
        yield from tqdm(steps, desc=label, leave=False)


def _line(label: str, steps: Sequence[Step]) -> Iterator[Step]:
    """Yield `steps`, rewriting one line a few times a second; a file or a pipe gets none."""
    shown = 0.0
    visible = sys.stderr.isatty()
    for done, step in enumerate(steps):
        if visible and time.monotonic() - shown > 0.2:
            shown = time.monotonic()
            print(f"\r{label}: {done} of {len(steps)}", end="", file=sys.stderr, flush=True)
        yield step
    if visible:
        print("\r\033[K", end="", file=sys.stderr, flush=True)
