"""The examples in docstrings run, those of the compiled classes and their methods included."""

from __future__ import annotations

import doctest
import inspect
from typing import TYPE_CHECKING

import numpy as np
import pytest

import vectord

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def documented() -> Iterator[tuple[str, str]]:
    """Yield `(name, docstring)` of the package, its public names and their members."""
    yield "vectord", vectord.__doc__ or ""
    for name in vectord.__all__:
        value = getattr(vectord, name)
        yield f"vectord.{name}", inspect.getdoc(value) or ""
        for member, method in vars(value).items() if inspect.isclass(value) else ():
            yield f"vectord.{name}.{member}", inspect.getdoc(method) or ""


EXAMPLES = [(name, text) for name, text in documented() if ">>>" in text]


@pytest.mark.parametrize(("name", "text"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_the_example_runs(name: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = {"np": np, "vectord": vectord}
    test = doctest.DocTestParser().get_doctest(text, names, name, None, None)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    outcome = doctest.DocTestRunner(optionflags=flags).run(test)
    assert outcome.failed == 0
