"""Every notebook runs from top to bottom, twice, in its own folder, and is stored without bulky outputs."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
# The event loop and the sockets of the kernel's client are not ours to close.
@pytest.mark.filterwarnings("ignore")
def test_the_notebook_runs_and_runs_again(path: Path, tmp_path: Path) -> None:
    notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
    nbformat.validate(notebook)
    resources = {"metadata": {"path": str(tmp_path)}}
    # The second run finds what the first left on disk.
    for _ in range(2):
        NotebookClient(notebook, timeout=60, kernel_name="python3", resources=resources).execute()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_is_small(path: Path) -> None:
    assert path.stat().st_size < 200_000
