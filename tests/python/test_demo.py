"""`make demo` keeps its promises: five answers, the same over HTTP, on the first run and on the second."""

from __future__ import annotations

import subprocess
import sys

import pytest

from vectord.demo import ask, corpus


def run(store: str) -> str:
    """Run the demo; it ends with status 1 and a sentence if a promise does not hold."""
    command = [sys.executable, "-m", "vectord.demo", "--store", store]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_demo_answers_and_runs_again_on_what_it_made(store: str) -> None:
    pytest.importorskip("sklearn", reason="scikit-learn: not installed")
    first, second = run(store), run(store)
    assert "creating the index" in first
    assert "re-using the index" in second
    for said in (first, second):
        assert f"gave the same ids to all {len(ask.QUESTIONS)} questions" in said
        assert "make serve" in said


def test_the_corpus_is_several_thousand_rows_each_id_once() -> None:
    rows = corpus.rows()
    ids = [row.id for row in rows]
    assert len(ids) == len(set(ids)) > 3_000
    assert set(ask.QUESTIONS.values()) <= {row.module for row in rows}
    assert {row.kind for row in rows} == {"module", "class", "function", "method"}


def test_reading_the_corpus_imports_no_module_that_has_a_source() -> None:
    program = """
import sys
from vectord.demo import corpus
before = set(sys.modules)
corpus.rows()
brought = set(sys.modules) - before
assert not brought & {"antigravity", "this", "tkinter", "turtle", "smtplib"}, brought
"""
    subprocess.run([sys.executable, "-c", program], check=True)
