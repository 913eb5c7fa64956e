"""Schemathesis asks the running service what its OpenAPI document allows, and much that it does not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import vectord

if TYPE_CHECKING:
    from collections.abc import Callable

SETTINGS = Path(__file__).with_name("schemathesis.toml")


def without_min_seq(document: dict[str, Any]) -> dict[str, Any]:
    """Leave `min_seq` out: a read waits 10 s for a write that nobody made, and then answers 503."""
    for item in document["paths"].values():
        for operation in item.values():
            parameters = operation.get("parameters", [])
            operation["parameters"] = [one for one in parameters if one["name"] != "min_seq"]
    del document["components"]["schemas"]["Search"]["properties"]["min_seq"]
    return document


def test_whatever_is_asked_is_answered_as_the_document_says(
    store: str, tmp_path: Path, guarded: Callable[[str], tuple[str, str]]
) -> None:
    """No 5xx, no status outside of the document, every error a problem; what breaks a schema is refused."""
    with vectord.open(store) as registry:
        places = registry.create("places", 2, distance="euclidean")
        places.add(["oslo", "paris"], [[59.9, 10.8], [48.9, 2.4]], [{"country": "NO"}, None])
        registry.create("doomed", 2)
    url, key = guarded("admin")
    document = tmp_path / "openapi.json"
    request = urllib.request.Request(f"{url}/openapi.json", headers={"X-Api-Key": key})  # noqa: S310
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        document.write_text(json.dumps(without_min_seq(json.load(answer))), encoding="utf-8")
    seconds = os.environ.get("VECTORD_SOAK", "60").partition(".")[0]
    command = [sys.executable, "-m", "schemathesis.cli", "--no-color", "--config-file", str(SETTINGS)]
    command += ["run", str(document), "--url", url, "--max-time", seconds, "--continue-on-failure"]
    env = {**os.environ, "VECTORD_TEST_KEY": key}
    run = subprocess.run(command, cwd=tmp_path, env=env, check=False, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
