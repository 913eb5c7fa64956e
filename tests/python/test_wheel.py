"""What is shipped: one small abi3 extension, a typed package, a quiet import, a binary without Python."""

from __future__ import annotations

import importlib.metadata
import os
import pickle
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import vectord
import vectord.errors

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel() -> Path:
    """Return the one wheel that `make wheel` left."""
    (path,) = (ROOT / "dist").glob("vectord-*.whl")
    return path


def test_the_wheel_holds_one_abi3_extension_below_10_mb(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    extensions = [name for name in names if name.endswith((".so", ".dylib", ".pyd"))]
    assert extensions == ["vectord/_vectord.abi3.so"]
    assert {"vectord/py.typed", "vectord/_vectord.pyi", "vectord/errors.py"} <= set(names)
    assert wheel.stat().st_size < 10_000_000


def test_the_wheel_needs_numpy_and_nothing_else() -> None:
    needed = importlib.metadata.requires("vectord") or []
    assert [name for name in needed if "extra ==" not in name] == ["numpy>=1.23"]
    assert importlib.metadata.version("vectord") == vectord.__version__


def test_the_plain_binary_links_no_libpython() -> None:
    readelf = shutil.which("readelf")
    if readelf is None:
        pytest.skip("readelf: not installed")
    binary = ROOT / "target" / "debug" / "vectord"
    needed = subprocess.run([readelf, "--dynamic", binary], check=True, capture_output=True, text=True).stdout
    assert "NEEDED" in needed
    assert "python" not in needed


def test_the_script_and_the_module_are_the_same_command(command: str) -> None:
    runs = [
        subprocess.run([*start, "--version"], check=True, capture_output=True, text=True).stdout
        for start in ([command], [sys.executable, "-m", "vectord"])
    ]
    assert runs[0] == runs[1]
    assert vectord.__version__ in runs[0]


def test_importing_says_nothing_starts_nothing_and_brings_only_numpy(tmp_path: Path) -> None:
    program = """
import sys, threading, logging, os
import numpy
before, loggers = set(sys.modules), set(logging.root.manager.loggerDict)
import vectord
new = {name.partition(".")[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)
assert new == {"vectord"}, new
assert set(logging.root.manager.loggerDict) == loggers
assert threading.active_count() == 1
if os.path.isdir("/proc/self/task"):
    print(len(os.listdir("/proc/self/task")))
"""
    env = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=env, check=True, capture_output=True, text=True
    )
    assert run.stdout.strip() in {"", "1"}
    assert run.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_every_public_name_is_there_and_documented() -> None:
    for name in vectord.__all__:
        value = getattr(vectord, name)
        assert name == "__version__" or value.__doc__, f"vectord.{name} has no docstring"


def test_errors_keep_their_sentence_item_and_outcome_through_pickle() -> None:
    for name in vectord.errors.__all__:
        error = getattr(vectord.errors, name)("dimension mismatch", item=3, outcome="unknown")
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
        assert (str(copy), copy.item, copy.outcome) == ("dimension mismatch", 3, "unknown")
        assert copy.code == error.code


def test_errors_are_also_what_python_calls_them() -> None:
    pairs = {
        vectord.InvalidArgumentError: ValueError,
        vectord.NotFoundError: KeyError,
        vectord.PermissionDeniedError: PermissionError,
        vectord.UnavailableError: OSError,
        vectord.UnsupportedError: NotImplementedError,
    }
    for ours, builtin in pairs.items():
        assert issubclass(ours, builtin)
    codes = [getattr(vectord.errors, name).code for name in vectord.errors.__all__ if name != "VectordError"]
    assert len(set(codes)) == len(codes) == 11
