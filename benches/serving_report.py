"""The tables of benches/SERVING.md, out of the answers of serving.py."""

from __future__ import annotations

import statistics
from typing import Any

from forms import FORMS
from library import EF_CONSTRUCTION, M
from report import head, row

Answers = dict[str, Any]

TITLES = {
    "vectord": "**vectord**",
    "vectord-default": "vectord at defaults",
    "chromadb": "Chroma's server",
    "hnswlib": "hnswlib behind FastAPI",
    "hnswlib-2": "the same, 2 workers",
}
# Requests per second, and how many times Chroma's.
JSON_RATE, RAW_RATE, TIMES = 8_000, 12_000, 10
# Of fewer answers a percentile says nothing.
MANY = 100


def rate(told: list[Answers]) -> float:
    """Return the median of the rounds' requests per second."""
    return float(statistics.median(one["requests"] / one["seconds"] for one in told))


def milliseconds(told: list[Answers], percentile: str) -> str:
    """Return the median of the rounds' percentiles."""
    if min(one["requests"] for one in told) < MANY:
        return "-"
    return f"{statistics.median(one[percentile] for one in told) / 1e3:,.2f}"


def processor(told: list[Answers]) -> str:
    """Return the microseconds of the server's processor time per request."""
    taken = statistics.median(one["busy_seconds"] / max(1, one["requests"]) for one in told)
    return f"{taken * 1e6:,.0f}"


def line(answers: Answers, form: str, name: str) -> str:
    """Return the line of a server in the table of a form."""
    counts = [str(count) for count in answers["meta"]["connections"]]
    if name in answers["failed"]:
        return row(TITLES[name], f"cannot run here: {answers['failed'][name]}", *[""] * (2 + 3 * len(counts)))
    told, ef = answers["load"][form][name], answers["efforts"][name]
    return row(
        TITLES[name],
        "default" if ef is None else ef,
        f"{answers['recall'][name][form]:.4f}",
        *(f"{rate(told[count]):,.0f}" for count in counts),
        *(milliseconds(told[count], key) for key in ("p50_us", "p99_us") for count in counts),
        processor(told[counts[-1]]),
    )


def section(answers: Answers, form: str) -> list[str]:
    """Return the table of a form."""
    counts, load, sizes = answers["meta"]["connections"], answers["load"][form], answers["bytes"][form]
    names = [name for name in TITLES if name in load or (name in answers["failed"] and not FORMS[form].raw)]
    runs = [(name, one) for name, told in load.items() for rounds in told.values() for one in rounds]
    wrong = [
        f"{TITLES[name]}: {one['refused']} refused, {one['failed']} failed of {one['requests']:,}"
        for name, one in runs
        if one["refused"] or one["failed"]
    ]
    well = f"not all were well: {'; '.join(wrong)}" if wrong else "none was refused, and none failed"
    asked = sum(one["requests"] for _, one in runs)
    kib = sorted({round(size / 1024, 1) for size in sizes.values()})
    return [
        f"\n## {FORMS[form].title}\n",
        f"Bodies of {' or '.join(f'{size:,}' for size in kib)} KiB.\n",
        *head(
            "",
            "ef",
            "recall@10",
            *(f"requests/s: {count} conn." if count == counts[0] else f"{count}" for count in counts),
            *(f"p50, ms: {count} conn." if count == counts[0] else f"{count}" for count in counts),
            *(f"p99, ms: {count} conn." if count == counts[0] else f"{count}" for count in counts),
            f"server's processor time per request at {counts[-1]}, us",
        ),
        *(line(answers, form, name) for name in names),
        f"\nOf {asked:,} requests {well}.",
    ]


def memory(answers: Answers) -> list[str]:
    """Return what the servers' processes hold."""
    lines = [
        "\n## Memory of the servers\n",
        "MiB of all processes of a server, started on a finished index: after 1,000 searches, and after",
        "all of the above. Resident is anonymous memory and pages of files.\n",
        *head("", "processes", "first: resident", "anonymous", "last: resident", "anonymous"),
    ]
    for name, told in answers["memory"].items():
        figures = (
            f"{told[when][what]:,.0f}" for when in ("first", "last") for what in ("resident", "anonymous")
        )
        lines.append(row(TITLES[name], told["last"]["processes"], *figures))
    return lines


def faces(answers: Answers) -> list[str]:
    """Return what the way over HTTP costs from Python."""
    told = answers["faces"]
    if not told:
        return []
    lines = [
        "\n## From Python: `vectord.connect` beside `vectord.open`\n",
        "Microseconds per call at defaults, medians of calls in turn, durable on a directory each; the",
        "service is another process on the same machine. `python benches/faces.py`\n",
        *head("", "in process", "over HTTP", "difference"),
    ]
    for what, title in (
        ("single", "search, one query"),
        ("batch", f"search, {told['batch_rows']} queries"),
        ("add", f"add, {told['added_rows']:,} rows"),
    ):
        near, far = told["open"][what], told["connect"][what]
        lines.append(row(title, f"{near:,.0f}", f"{far:,.0f}", f"{far - near:,.0f}"))
    return lines


def targets(answers: Answers) -> list[str]:
    """Return what was to be reached, and whether it was."""
    counts = [str(count) for count in answers["meta"]["connections"]]
    lines = ["\n## Targets\n", *head("what", "at least", "measured", "")]

    def verdict(what: str, least: str, measured: str, *, met: bool | None) -> None:
        word = "-" if met is None else "met" if met else "**missed**"
        lines.append(row(what, least, measured, word))

    for form, least in (("json", JSON_RATE), ("raw", RAW_RATE)):
        told = answers["load"].get(form, {}).get("vectord")
        what = f"vectord, {FORMS[form].title.lower().replace('json', 'JSON')}, requests/s"
        if not told:
            verdict(what, f"{least:,}", "not measured", met=None)
            continue
        best, count = max((rate(told[count]), count) for count in counts)
        verdict(what, f"{least:,}", f"{best:,.0f} at {count} connections", met=best >= least)
    for form in ("json", "json64"):
        load = answers["load"].get(form, {})
        what = f"over Chroma's server at equal recall, {FORMS[form].title.replace('One', 'one')}"
        if not {"vectord", "chromadb"} <= load.keys():
            verdict(what, f"{TIMES}x", answers["failed"].get("chromadb", "not measured"), met=None)
            continue
        ratios = [rate(load["vectord"][count]) / rate(load["chromadb"][count]) for count in counts]
        told = ", ".join(f"{ratio:.1f}x at {count}" for ratio, count in zip(ratios, counts, strict=True))
        verdict(what, f"{TIMES}x", f"{told} connections", met=min(ratios) >= TIMES)
    return lines


def document(answers: Answers) -> str:
    """Return the whole of SERVING.md."""
    meta, seconds = answers["meta"], answers["meta"]["seconds"]
    lines = [
        "# Serving\n",
        "Written by `make bench`; for real vectors set VECTORD_DATA.\n",
        f"* command: `{meta['command']}`, {meta['minutes']:.0f} minutes",
        f"* {meta['date']}, commit {meta['commit']}",
        f"* machine: {meta['machine']}, for server and load together; {meta['flags']};",
        f"  transparent huge pages: {meta['huge_pages']}",
        f"* versions: {meta['versions']}; Python {meta['python']}",
        f"* data: {meta['source']}, {meta['rows']:,} x {meta['dimension']}, cosine, k = 10, held-out queries",
        "* servers: `vectord serve` as the wheel installs it, on a directory, string ids, default",
        "  parameters; `chroma run` and its REST API v2; benches/hnswlib_service.py under uvicorn with",
        "  uvloop and httptools, requests not logged. All answer ids and distances",
        f"* peers: M={M}, efConstruction={EF_CONSTRUCTION}",
        "* ef: the least with which the ids that a server answers to 1,000 queries reach recall@10",
        f"  {meta['recall']} in each of its forms, against exact truth. Chroma's is its collection's,",
        "  changed before it was started again",
        f"* load: `wrk -t1 -cCONNECTIONS -d{seconds}s --timeout 60s -s benches/wrk.lua URL -- BODIES TYPE`:",
        "  1,000 different bodies, or 125 of 64 queries, again and again, with floats as Python's json",
        "  writes them. A connection sends its next request when it has the answer to the last; latency is",
        "  the time from the one to the other",
        f"* {meta['rounds']} round(s), servers in turn, {seconds} s each, and a second before the first;",
        "  medians. All servers run all the time, and one is under load",
        "* some servers alone, without the table from Python:",
        "  `python benches/serving.py --only vectord,chromadb --connections 8`",
    ]
    if meta["reduced"]:
        lines.append(f"* **reduced: {meta['reduced']}; these figures compare nothing**")
    for form in answers["load"]:
        lines += section(answers, form)
    return "\n".join([*lines, *memory(answers), *faces(answers), *targets(answers)]) + "\n"
