"""What vectord is to reach beside its peers, and whether it did: the last table of the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from figures import cell, of, over, reaching

if TYPE_CHECKING:
    from figures import Answers

ALLOWED = 0.005


def line(what: str, least: str, measured: float | None, *, met: bool, note: str = "") -> str:
    """Return a line of the table; `note` says why nothing was measured, or more about what was."""
    if measured is None:
        return f"| {what} | {least} | not measured{': ' if note else ''}{note} | - |"
    told = f"{measured:.2f}x" + (f" ({note})" if note else "")
    return f"| {what} | {least} | {told} | {'met' if met else '**missed**'} |"


def least(what: str, bound: float, measured: float | None, note: str = "") -> str:
    """Return the line of something that must be large enough."""
    return line(what, f"{bound:g}x", measured, met=measured is not None and measured >= bound, note=note)


def most(what: str, bound: float, measured: float | None, note: str = "") -> str:
    """Return the line of something that must be small enough."""
    return line(
        what, f"at most {bound:g}x", measured, met=measured is not None and measured <= bound, note=note
    )


def svs(answers: Answers) -> list[str]:
    """Compare with the fastest LVQ mode of SVS, or with what SVS does where LVQ does not run."""
    lines = []
    for recall in (0.95, 0.99):
        ours = reaching(answers, "minilm", "vectord", recall)
        times = {
            library: reaching(answers, "minilm", library, recall)
            for library in ("svs-lvq8", "svs-lvq4x8", "svs-f16", "svs")
        }
        lvq = [time for library, time in times.items() if time and "lvq" in library]
        others = [(time, library) for library, time in times.items() if time and "lvq" not in library]
        note = cell(answers, "minilm", "svs-lvq8").get("failed", "")
        if not lvq and others:
            ratio = over(min(others)[0], ours)
            note += f" Against {min(others)[1]}, the fastest SVS that runs: {ratio or 0:.2f}x"
        what = f"single query, MiniLM, recall {recall}, against SVS-LVQ"
        lines.append(least(what, 1.3, over(min(lvq), ours) if lvq else None, "" if lvq else note))
    return lines


def searches(answers: Answers) -> list[str]:
    """Compare single queries and builds with hnswlib."""
    lines = []
    for dataset, title, bounds in (("minilm", "MiniLM", (5, 4)), ("sift", "SIFT", (3.5, 2.8))):
        for recall, bound in zip((0.95, 0.99), bounds, strict=True):
            theirs = reaching(answers, dataset, "hnswlib", recall)
            ratio = over(theirs, reaching(answers, dataset, "vectord", recall))
            lines.append(least(f"single query, {title}, recall {recall}, against hnswlib", bound, ratio))
        if dataset == "minilm":
            lines += svs(answers)
    for dataset, title in (("minilm", "MiniLM"), ("sift", "SIFT")):
        ours, theirs = (of(answers, dataset, name, "curve", "build_us") for name in ("vectord", "hnswlib"))
        lines.append(least(f"build, {title}, 1 thread, against hnswlib", 4, over(theirs, ours)))
    for dataset, title in (("minilm", "MiniLM"), ("sift", "SIFT")):
        one = of(answers, dataset, "vectord", "curve", "build_us")
        two = of(answers, dataset, "vectord", "scaling", "build_us")
        ratio = over(one, two)
        # Amdahl: two threads take s + (1 - s) / 2 of what one takes.
        note = f"serial share {max(0.0, 2 / ratio - 1):.0%}" if ratio else ""
        lines.append(least(f"build, {title}, 2 threads over 1", 1.7, ratio, note))
    return lines


def resident(answers: Answers) -> str:
    """Compare anonymous memory: what is mapped from a file is the page cache's to give back."""
    ours, theirs = (of(answers, "minilm", name, "memory", "anonymous") for name in ("vectord", "hnswlib"))
    mapped = of(answers, "minilm", "vectord", "memory", "file")
    note = f"besides {mapped:.0f} MiB mapped from the snapshot" if mapped is not None else ""
    return most("anonymous memory after reopening, MiniLM, over hnswlib's", 0.55, over(ours, theirs), note)


def hostile(answers: Answers) -> list[str]:
    """Count copies found, and compare the recall of hostile sets with that of their peaceful twins."""
    lines = []
    for name, what in (("copies", "5,000 copies of one vector"), ("sorted", "rows in clustered order")):
        told = answers.get("hostile", {}).get(name, {}).get("vectord")
        if not told or "failed" in told:
            lines.append(f"| {what} | recall unharmed | not measured | - |")
            continue
        lost = told["twin"] - told["recall"]
        found = f"{told['found']:,} of {told['copies']:,} found, " if "copies" in told else ""
        well = lost <= ALLOWED and told.get("found") == told.get("copies")
        bound = ("all found, " if found else "") + f"recall within {ALLOWED} of the twin's"
        measured = f"{found}recall {told['recall']:.4f}, twin {told['twin']:.4f}"
        lines.append(f"| {what} | {bound} | {measured} | {'met' if well else '**missed**'} |")
    return lines


def adds(answers: Answers) -> list[str]:
    """Compare adds with coder/hnsw, until every row is attached."""
    coder, lines = answers.get("coder", {}), []
    ours, durable = (answers.get("adds", {}).get(store, {}) for store in ("memory", "directory"))
    for size in ("16", "128", "1024"):
        theirs = coder.get("added_us", {}).get(size)
        mine = ours.get(size, {})
        note = coder.get("failed", "")
        if theirs and mine:
            note = f"{theirs:.0f} us a row; vectord attached {mine['attached']:.0f}"
            note += f", returned {mine['returned']:.0f}"
            note += f"; durable {durable[size]['attached']:.0f}" if size in durable else ""
        ratio = over(theirs, mine.get("attached"))
        lines.append(least(f"adds of {size} rows, 768-d, into 20,000, against coder/hnsw", 5, ratio, note))
    return lines


def table(answers: Answers) -> list[str]:
    """Return the table."""
    ours, flat = of(answers, "minilm", "vectord", "curve", "exact", "batch"), answers.get("flat", {})
    faiss = flat.get("minilm", {}).get("faiss-flat", {}).get("exact", {}).get("batch")
    loaded = answers.get("loaded", {})
    p99 = over(loaded.get("busy", {}).get("p99"), loaded.get("quiet", {}).get("p99"))
    alone = {recall: reaching(answers, "minilm", "hnsw_rs", recall) for recall in (0.95, 0.99)}
    builds = [of(answers, "minilm", name, "curve", "build_us") for name in ("hnsw_rs", "vectord")]
    why = cell(answers, "minilm", "hnsw_rs").get("failed", "")
    kept = loaded.get("rate", 0) >= 0.95 * 2_000
    note = loaded.get("failed", "")
    if p99:
        note = f"{loaded['quiet']['p99']:.0f} us quiet, {loaded['busy']['p99']:.0f} us loaded"
        note += "" if kept else f"; only {loaded['rate']:,.0f} rows/s were taken"
    return [
        "\n## Targets\n",
        "Ratios say how many times better vectord is, unless the row says otherwise.\n",
        "| what | at least | measured | |",
        "|---|---|---|---|",
        *searches(answers),
        least("exact scan of the batch, MiniLM, 1 thread, against faiss IndexFlat", 3, over(ours, faiss)),
        resident(answers),
        line(
            "p99 of searches while 2,000 rows/s are added, over quiet",
            "at most 1.3x",
            p99,
            met=p99 is not None and p99 <= 1.3 and kept,
            note=note,
        ),
        *hostile(answers),
        *(
            least(
                f"single query, MiniLM, recall {recall}, against hnsw_rs alone",
                12,
                over(time, reaching(answers, "minilm", "vectord", recall)),
                why,
            )
            for recall, time in alone.items()
        ),
        least("build, MiniLM, 1 thread, against hnsw_rs alone", 15, over(*builds), why),
        *adds(answers),
    ]
