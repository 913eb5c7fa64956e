"""The medians that `cargo bench` left under target/criterion, as lines of a table."""

from __future__ import annotations

import json
import os
from pathlib import Path


def medians() -> list[str]:
    """Return one line per benchmark of the last run, by name; nothing if none was run."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", Path(__file__).parents[1] / "target")) / "criterion"
    found = {
        str(file.parents[1].relative_to(target)): json.loads(file.read_text(encoding="utf-8"))["median"]
        for file in target.glob("**/new/estimates.json")
    }
    if not found:
        return []
    lines = [f"| {name} | {median['point_estimate'] / 1e3:,.3f} |" for name, median in sorted(found.items())]
    return ["\n## Inside the crate (criterion)\n", "| benchmark | median, us |", "|---|---|", *lines]
