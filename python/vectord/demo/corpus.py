"""The documentation of the standard library as rows: one for each module, class, function and method.

Source files are parsed, never imported, so that nothing they do on import happens. Modules written in C have
no source: those are imported and inspected.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import re
import sys
import sysconfig
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import ModuleType

# Programs and test suites rather than libraries.
SKIPPED = frozenset(
    {
        "antigravity",
        "distutils",
        "ensurepip",
        "idlelib",
        "lib2to3",
        "pydoc_data",
        "test",
        "this",
        "turtledemo",
    }
)
SKIPPED_PARTS = frozenset({"__main__", "idle_test", "test", "tests"})

# Where a public module's text lives when its own file only re-exports a private one.
HOMES = {
    "_collections_abc": "collections.abc",
    "_pydatetime": "datetime",
    "_pydecimal": "decimal",
    "_strptime": "time",
}

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Row:
    """One documented thing: ``id`` is its dotted name, ``kind`` one of module, class, function, method."""

    id: str
    module: str
    kind: str
    doc: str

    @property
    def summary(self) -> str:
        """The first paragraph in one line, at most 160 characters."""
        line = " ".join(self.doc.strip().split("\n\n")[0].split())
        return line if len(line) <= 160 else line[:159] + "…"

    @property
    def text(self) -> str:
        """What is embedded: the words of the module and of the name, then the documentation."""
        name = self.id.removeprefix(self.module).replace(".", " ")
        return f"{words(self.module)} {words(name)} {self.module} {self.doc}"

    @property
    def metadata(self) -> dict[str, str]:
        """What is stored beside the vector."""
        return {"module": self.module, "kind": self.kind, "summary": self.summary}


def words(name: str) -> str:
    """Split a dotted, snake_case or CamelCase name: ``JSONEncoder.item_sep`` is "JSON Encoder item sep"."""
    return " ".join(re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name))


def sources() -> list[tuple[str, Path]]:
    """List ``(module name, source file)`` of the standard library, sorted by name."""
    root = Path(sysconfig.get_path("stdlib"))
    found = []
    for name in sorted(sys.stdlib_module_names - SKIPPED):
        if name.startswith("_") and name not in HOMES:
            continue
        for file in (root / f"{name}.py", *sorted((root / name).rglob("*.py"))):
            parts = file.relative_to(root).with_suffix("").parts
            inner = [part for part in parts[1:] if part != "__init__"]
            if file.is_file() and not any(part.startswith("_") or part in SKIPPED_PARTS for part in inner):
                dotted = ".".join([parts[0], *inner])
                found.append((HOMES.get(dotted, dotted), file))
    return found


def compiled() -> list[str]:
    """List the public modules without a source file: they are built in, or shared objects."""
    names = []
    for name in sorted(sys.stdlib_module_names - SKIPPED):
        if name.startswith("_"):
            continue
        spec = None if name in sys.builtin_module_names else importlib.util.find_spec(name)
        shared = spec is not None and not str(spec.origin).endswith((".py", "frozen"))
        if name in sys.builtin_module_names or shared:
            names.append(name)
    return names


def definitions(body: Iterable[ast.stmt]) -> Iterator[Definition]:
    """Yield the public definitions of a body, those under ``if`` and ``try`` included."""
    for node in body:
        if isinstance(node, Definition):
            if not node.name.startswith("_"):
                yield node
        elif isinstance(node, ast.If | ast.Try):
            yield from definitions([*node.body, *node.orelse])


def parsed(module: str, file: Path) -> Iterator[Row]:
    """Yield the rows of one source file; a file this Python cannot parse (a template, say) has none."""
    try:
        tree = ast.parse(file.read_bytes())
    except SyntaxError:
        return
    if doc := ast.get_docstring(tree):
        yield Row(module, module, "module", doc)
    for node in definitions(tree.body):
        if doc := ast.get_docstring(node):
            kind = "class" if isinstance(node, ast.ClassDef) else "function"
            yield Row(f"{module}.{node.name}", module, kind, doc)
        if isinstance(node, ast.ClassDef):
            for method in definitions(node.body):
                if doc := ast.get_docstring(method):
                    yield Row(f"{module}.{node.name}.{method.name}", module, "method", doc)


def inspected(module: ModuleType) -> Iterator[Row]:
    """Yield the rows of one imported module."""
    name = module.__name__
    if doc := inspect.getdoc(module):
        yield Row(name, name, "module", doc)
    for attribute, value in sorted(vars(module).items()):
        if attribute.startswith("_") or not (inspect.isclass(value) or inspect.isroutine(value)):
            continue
        if doc := inspect.getdoc(value):
            yield Row(f"{name}.{attribute}", name, "class" if inspect.isclass(value) else "function", doc)
        for member, method in sorted(vars(value).items()) if inspect.isclass(value) else ():
            if not member.startswith("_") and inspect.isroutine(method) and (doc := inspect.getdoc(method)):
                yield Row(f"{name}.{attribute}.{member}", name, "method", doc)


def rows() -> list[Row]:
    """Read every row of this Python's standard library, in order, each id once."""
    found: dict[str, Row] = {}
    with warnings.catch_warnings():
        # Some modules say that they will be removed; that is for those who use them.
        warnings.simplefilter("ignore")
        for module, file in sources():
            for row in parsed(module, file):
                found.setdefault(row.id, row)
        for name in compiled():
            try:
                imported = importlib.import_module(name)
            except ImportError:  # this Python was built without it
                continue
            for row in inspected(imported):
                found.setdefault(row.id, row)
    return list(found.values())
