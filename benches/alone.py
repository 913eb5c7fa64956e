"""hnsw_rs and coder/hnsw, which are no Python packages: programs of their own, given the same rows."""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from data import K, load

# Few, because it is slow.
EFFORTS = (20, 40, 80, 160, 320)
ROOT = Path(__file__).parents[1]


class CannotRunError(Exception):
    """A peer cannot run here, and why."""


def run(*command: str | Path, cwd: Path = ROOT, threads: int = 0, pin: bool = False) -> str:
    """Run a program with so many threads, on one core if `pin`, and return what it printed."""
    environment = dict(os.environ)
    if threads:
        names = ("OMP_NUM", "OPENBLAS_NUM", "MKL_NUM", "RAYON_NUM", "VECTORD")
        environment |= {f"{name}_THREADS": str(threads) for name in names}
    if pin and shutil.which("taskset"):
        command = ("taskset", "-c", str(max(os.sched_getaffinity(0))), *command)
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=cwd, env=environment)
    except OSError as error:
        raise CannotRunError(str(error)) from error
    if done.returncode or not done.stdout.strip():
        said = (done.stderr + done.stdout).strip().splitlines() or [f"ended with status {done.returncode}"]
        raise CannotRunError(said[-1])
    return done.stdout


@cache
def bench_binary() -> Path:
    """Compile benches/hnsw_rs_alone.rs, and return the program."""
    if not shutil.which("cargo"):
        raise CannotRunError("there is no cargo")
    build = ("cargo", "bench", "--locked", "--no-run", "--bench", "hnsw_rs_alone", "--message-format=json")
    found = re.findall(r'"executable":"([^"]*hnsw_rs_alone[^"]*)"', run(*build))
    if not found:
        raise CannotRunError("cargo names no program")
    return Path(found[-1])


def hnsw_rs(name: str, folder: Path) -> dict[str, Any]:
    """Measure hnsw_rs alone, with one thread, as curves.py measures the others."""
    binary, dataset = bench_binary(), load(name)
    base = dataset.base
    file = folder / "rows.f32"
    np.concatenate([base, dataset.queries]).astype("<f4").tofile(file)
    efforts = [str(effort) for effort in EFFORTS]
    told = json.loads(
        run(binary, file, str(base.shape[1]), dataset.distance, str(len(base)), *efforts, threads=1, pin=True)
    )
    file.unlink()
    tenth, points = dataset.exact(), []
    for point in told["points"]:
        found = np.array([[*ids, *[-1] * (K - len(ids))] for ids in point["ids"]], dtype=np.int64)
        points.append(
            {
                "effort": point["effort"],
                "us": statistics.median(point["us"]),
                "recall": dataset.recall(found, tenth),
            }
        )
    return {
        "rows": len(base),
        "dimension": base.shape[1],
        "build_us": told["build_us"],
        "points": points,
        "memory": {"anonymous": told["anonymous"], "file": 0.0},
    }


def coder_hnsw(folder: Path) -> dict[str, Any]:
    """Measure adds of github.com/coder/hnsw, on one core, with the rows of `ingest.py adds`."""
    go = shutil.which("go")
    if not go:
        raise CannotRunError("there is no go")
    here, program, file = ROOT / "benches" / "coder_hnsw", folder / "coder_hnsw", folder / "rows.f32"
    build = subprocess.run(
        [go, "build", "-o", program, "."], check=False, cwd=here, capture_output=True, text=True
    )
    if build.returncode:
        raise CannotRunError((build.stderr.strip().splitlines() or ["go build failed"])[-1])
    told = json.loads(run(sys.executable, ROOT / "benches" / "ingest.py", "rows", file))
    numbers = [told["dimension"], told["base"], told["added"], *told["sizes"]]
    answer: dict[str, Any] = json.loads(run(program, file, *map(str, numbers), threads=1, pin=True))
    file.unlink()
    return answer
