"""The tables of benches/RESULTS.md, out of the answers of peers.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import data
import targets
from figures import cell, of, over, rate, reaching, write
from library import EF_CONSTRUCTION, M

if TYPE_CHECKING:
    from figures import Answers

TITLES = {
    "hnswlib": "hnswlib",
    "faiss": "faiss HNSWFlat",
    "faiss-sq8": "faiss HNSWSQ",
    "usearch": "usearch f32",
    "usearch-i8": "usearch i8",
    "voyager": "voyager",
    "svs": "SVS Vamana f32",
    "svs-f16": "SVS Vamana f16",
    "svs-lvq8": "SVS LVQ8",
    "svs-lvq4x8": "SVS LVQ4x8",
    "hnsw_rs": "hnsw_rs alone",
    "vectord": "**vectord**",
    "faiss-flat": "faiss IndexFlat",
    "numpy": "numpy",
}
COLUMNS = (
    "one query at recall .95, us",
    ".99, us",
    "one of 1 row, us",
    "batch at .95, queries/s, 1 thread",
    "2 threads",
    "build, us per row, 1 thread",
    "2 threads",
    "ratio",
    "resident, MiB: anonymous",
    "of files",
    "at defaults: recall",
    "us",
)


def row(*cells: object) -> str:
    """Return a line of a table."""
    return f"| {' | '.join(map(str, cells))} |"


def head(*cells: str) -> list[str]:
    """Return the head of a table."""
    return [row(*cells), f"|{'---|' * len(cells)}"]


def peer(answers: Answers, dataset: str, library: str) -> str:
    """Return a library's line."""
    failed = cell(answers, dataset, library).get("failed")
    if failed:
        return row(TITLES[library], f"cannot run here: {failed}", *[""] * (len(COLUMNS) - 1))
    one = of(answers, dataset, library, "curve", "build_us")
    two = of(answers, dataset, library, "scaling", "build_us")
    return row(
        TITLES[library],
        *(
            write(reaching(answers, dataset, library, recall), missing="not reached")
            for recall in (0.95, 0.99)
        ),
        write(of(answers, dataset, library, "curve", "floor_us")),
        write(rate(answers, dataset, library, "curve"), 0),
        write(rate(answers, dataset, library, "scaling"), 0),
        write(one),
        write(two),
        write(over(one, two), 2),
        write(of(answers, dataset, library, "memory", "anonymous")),
        write(of(answers, dataset, library, "memory", "file")),
        write(of(answers, dataset, library, "curve", "default", "recall"), 4),
        write(of(answers, dataset, library, "curve", "default", "us")),
    )


def exact(answers: Answers, dataset: str) -> list[str]:
    """Return the rates of exact scans."""
    flat = answers.get("flat", {}).get(dataset, {})
    told = {name: flat.get(name, {}) for name in ("faiss-flat", "numpy")}
    told["vectord"] = (cell(answers, dataset, "vectord").get("curve") or [{}])[0]
    if not any(told.values()):
        return []
    lines = head("every row compared, 1,000 queries in one call, 1 thread", "queries/s", "recall")
    for name, answer in told.items():
        if not answer:
            continue
        found = answer.get("exact", {})
        why = f"cannot run here: {answer['failed']}" if "failed" in answer else write(found.get("batch"), 0)
        lines.append(row(TITLES[name], why, write(found.get("recall"), 4)))
    return ["", *lines]


def section(answers: Answers, dataset: str) -> list[str]:
    """Return what was measured on one dataset."""
    libraries = answers["data"][dataset]
    told: Any = next((runs["curve"][0] for runs in libraries.values() if runs.get("curve")), None)
    shape = f"{told['rows']:,} x {told['dimension']}" if told else "nothing ran"
    raw = f"; raw vectors {told['rows'] * told['dimension'] * 4 / 2**20:.0f} MiB" if told else ""
    lines = [
        f"\n## {dataset}: {shape}\n",
        f"{data.WHAT[dataset][0].upper()}{data.WHAT[dataset][1:]}{raw}. Alone:",
        f"`python benches/peers.py --data {dataset}`; one line of it:",
        f"`python benches/curves.py curve LIBRARY {dataset} THREADS FOLDER`.\n",
        f"![recall against queries per second, {dataset}](plots/{dataset}.png)\n",
        *head("", *COLUMNS),
        *(peer(answers, dataset, library) for library in TITLES if library in libraries),
        *exact(answers, dataset),
    ]
    twins = answers.get("hostile", {}).get(dataset, {})
    if twins:
        lines += [
            "",
            *head("at effort 64", "recall", f"recall of {data.WHAT[dataset + '-twin']}", "copies found"),
        ]
        for library, found in twins.items():
            if "failed" in found:
                lines.append(row(TITLES[library], f"cannot run here: {found['failed']}", "", ""))
                continue
            copies = f"{found['found']:,} of {found['copies']:,}" if "copies" in found else "-"
            lines.append(row(TITLES[library], f"{found['recall']:.4f}", f"{found['twin']:.4f}", copies))
    return lines


def ingest(answers: Answers) -> list[str]:
    """Return what searches and adds do to each other, and adds beside coder/hnsw."""
    lines = []
    loaded = answers.get("loaded")
    if loaded and "failed" in loaded:
        lines += ["\n## Searches while rows arrive\n", f"Not measured: {loaded['failed']}."]
    elif loaded:
        lines += [
            "\n## Searches while rows arrive\n",
            "vectord on a directory, one thread searching at defaults, another adding 200 rows every 100 ms;",
            f"of which at least {loaded['rate']:,.0f} rows/s were taken; an add was at most",
            f"{loaded['late_ms']:.0f} ms late. `python benches/ingest.py loaded`\n",
            *head("", "p50, us", "p99, us", "worst, us"),
            *(
                row(kind, *(write(loaded[key][p]) for p in ("p50", "p99", "worst")))
                for kind, key in (("quiet", "quiet"), ("while adding", "busy"))
            ),
        ]
    ours, coder = answers.get("adds"), answers.get("coder", {})
    if ours:
        missing = f"cannot run here: {coder['failed']}" if "failed" in coder else "-"
        lines += [
            "\n## Adds beside coder/hnsw\n",
            "2,048 rows of 768 components in batches, into 20,000; microseconds per row on one core, until",
            "`add` returned and until every row was attached. coder/hnsw is in memory and attaches at once.",
            "`python benches/ingest.py adds memory|directory`, benches/coder_hnsw\n",
            *head(
                "rows at a time",
                "coder/hnsw",
                "vectord in memory: returned",
                "attached",
                "durable: returned",
                "attached",
            ),
            *(
                row(
                    size,
                    write(coder.get("added_us", {}).get(size), missing=missing),
                    *(
                        write(ours[store][size][key])
                        for store in ("memory", "directory")
                        for key in ("returned", "attached")
                    ),
                )
                for size in ours["memory"]
            ),
        ]
        if "self_recall" in coder:
            lines.append(
                f"\nOf its last 1,000 rows coder/hnsw finds {coder['self_recall']:.1%} by themselves."
            )
    return lines


def face(answers: Answers) -> list[str]:
    """Return what Python users feel, and what hnswlib has no counterpart for."""
    lines, told, safe = [], answers.get("face"), answers.get("durability")
    if told:
        lines += [
            "\n## From Python\n",
            "`python benches/probes.py importing|gil|threads LIBRARY DATASET`\n",
            *head("", "vectord", "hnswlib"),
            *(
                row(what, *(write(told[name][key], digits) for name in ("vectord", "hnswlib")))
                for what, key, digits in (
                    ("import over numpy, ms", "import_ms", 1),
                    ("longest wait for the GIL in a 40,000 x 384 add, ms", "gap_ms", 1),
                    ("the same beat without an add, ms", "floor_ms", 1),
                    ("searches per second at ef 64, one thread", "one", 0),
                    ("two threads", "two", 0),
                )
            ),
        ]
    if safe:
        lines += [
            "\n## Durability\n",
            "`python benches/probes.py appended|killed vectord DATASET`\n",
            *head("", ""),
            row("bytes written by 100 more rows", f"{safe['written']:,}"),
            row("over their vectors, ids and metadata", f"{safe['written'] / safe['given']:.3f}"),
            row("after SIGKILL and reopening: same ids", safe["same_ids"]),
            row("same distances, to the bit", safe["same_distances"]),
            row("open to first answer, s", f"{safe['open_seconds']:.3f}"),
            row(
                "recall@10 at defaults, with exact=True", f"{safe['recall']:.4f}, {safe['exact_recall']:.4f}"
            ),
        ]
    return lines


def document(answers: Answers) -> str:
    """Return the whole of RESULTS.md."""
    meta = answers["meta"]
    lines = [
        "# Results\n",
        "Written by `make bench`; for real vectors `VECTORD_DATA=DIRECTORY make bench`.\n",
        f"* command: `{meta['command']}`, {meta['minutes']:.0f} minutes",
        f"* {meta['date']}, commit {meta['commit']}",
        f"* machine: {meta['machine']}; {meta['flags']}; transparent huge pages: {meta['huge_pages']}",
        f"* versions: {meta['versions']}; Python {meta['python']}",
        f"* peers: in memory, integer ids, M={M}, efConstruction={EF_CONSTRUCTION}, or a Vamana graph of",
        f"  degree {2 * M} and window {EF_CONSTRUCTION}",
        "* vectord: durable on a directory, string ids, default parameters",
        f"* {meta['rounds']} round(s), libraries in turn, each measurement in a process of its own; medians",
        "* one query: the mean time of the call in a loop over 1,000 held-out queries, one core, k = 10; the",
        "  effort (`ef`, search window) is swept, and the time read off at the recall between the points.",
        "  What a call from Python costs is in it: *one of 1 row* is that cost. hnsw_rs is called from Rust",
        "* recall@10 is of ids against exact truth; equally far rows count",
        "* resident: after a new process loaded the saved index, or reopened the directory, and searched",
        "  1,000 times; pages of files are the page cache's, and go when memory is short",
    ]
    if meta.get("reduced"):
        lines.append(f"* **reduced: {meta['reduced']}; these figures compare nothing**")
    for dataset in answers["data"]:
        lines += section(answers, dataset)
    lines += ingest(answers) + face(answers) + answers.get("criterion", []) + targets.table(answers)
    return "\n".join(lines) + "\n"
