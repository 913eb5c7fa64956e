"""What the README shows of the answers of peers.py, between two marks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import data
from figures import cell, of, reaching, write
from report import TITLES, head, row

if TYPE_CHECKING:
    from pathlib import Path

    from figures import Answers

MARKS = re.compile(r"(<!-- bench: [^>]*-->\n).*?(<!-- /bench -->)", re.DOTALL)


def summary(answers: Answers) -> str:
    """Return what the README shows."""
    meta, shown = answers["meta"], [name for name in ("minilm", "sift") if name in answers["data"]]
    lines = [
        f"Measured on {meta['date']} at commit {meta['commit']}: {meta['machine']}, one thread, recall@10",
        f"against exact truth, by `{meta['command']}`.\n",
    ]
    if meta.get("reduced"):
        lines.append(f"**Reduced: {meta['reduced']}; these figures compare nothing.**\n")
    for name in shown:
        told = next(runs["curve"][0] for runs in answers["data"][name].values() if runs.get("curve"))
        title = f"{data.WHAT[name]}, {told['rows']:,} x {told['dimension']}"
        plot = f"benches/plots/{name}.png"
        lines += [
            f"![Recall against queries per second, a curve for each library: {title}]({plot})\n",
            *head(
                title,
                "one query at recall .95, us",
                "at .99, us",
                "build, us per row",
                "anonymous memory, MiB",
            ),
        ]
        for library, called in TITLES.items():
            if library not in answers["data"][name]:
                continue
            failed = cell(answers, name, library).get("failed")
            figures = (
                [f"cannot run here: {failed}", "", "", ""]
                if failed
                else [
                    *(
                        write(reaching(answers, name, library, recall), missing="not reached")
                        for recall in (0.95, 0.99)
                    ),
                    write(of(answers, name, library, "curve", "build_us")),
                    write(of(answers, name, library, "memory", "anonymous"), 0),
                ]
            )
            lines.append(row(called, *figures))
        lines.append("")
    return "\n".join(lines)


def rewrite(readme: Path, answers: Answers) -> None:
    """Put the summary between the README's two marks."""
    text = readme.read_text(encoding="utf-8")
    if not MARKS.search(text):
        raise SystemExit(f"{readme} has no `<!-- bench: .. -->` and `<!-- /bench -->`")
    readme.write_text(MARKS.sub(lambda found: found[1] + summary(answers) + found[2], text), encoding="utf-8")
