"""What the figures depend on besides the code: the processor, huge pages, versions."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_int8", "asimd", "asimddp")
PACKAGES = ("vectord", "hnswlib", "faiss-cpu", "usearch", "voyager", "scalable-vs", "numpy")


def cpuinfo() -> str:
    """Read what Linux says about the processor, if it is Linux."""
    file = Path("/proc/cpuinfo")
    return file.read_text(encoding="utf-8") if file.exists() else ""


def machine() -> str:
    """Name the processor."""
    model = re.search(r"model name\s*: (.*)", cpuinfo())
    return f"{model[1] if model else platform.machine()}, {os.cpu_count()} cores"


def flags() -> str:
    """List which of the instruction sets that matter are there, and which are not."""
    found = re.search(r"(?:flags|Features)\s*: (.*)", cpuinfo())
    there = set(found[1].split()) if found else set()
    ours = [flag for flag in FLAGS if flag.startswith("asimd") == (platform.machine() == "aarch64")]
    return ", ".join(flag if flag in there else f"no {flag}" for flag in ours)


def huge_pages() -> str:
    """Return the mode of transparent huge pages."""
    file = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    mode = re.search(r"\[(\w+)\]", file.read_text(encoding="utf-8")) if file.exists() else None
    return mode[1] if mode else "unknown"


def installed(package: str) -> str:
    """Return the version of a package."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def versions() -> str:
    """List the versions of what is measured."""
    found = [f"{package} {installed(package)}" for package in PACKAGES]
    root = Path(__file__).parents[1]
    lock = re.search(
        r'name = "hnsw_rs"\nversion = "([^"]+)"', (root / "Cargo.lock").read_text(encoding="utf-8")
    )
    module = re.search(
        r"coder/hnsw v(\S+)", (root / "benches" / "coder_hnsw" / "go.mod").read_text(encoding="utf-8")
    )
    found += [f"hnsw_rs {lock[1]}" if lock else "", f"coder/hnsw {module[1]}" if module else ""]
    return ", ".join(filter(None, found))


def commit() -> str:
    """Return the commit that is checked out, with a star if files differ from it; nothing outside a clone."""
    git = shutil.which("git")
    if not git:
        return ""
    said = subprocess.run(
        [git, "describe", "--always", "--dirty=*", "--exclude=*"],
        check=False,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent,
    )
    return said.stdout.strip()
