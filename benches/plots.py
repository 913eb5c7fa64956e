"""Recall against queries per second, one PNG per dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import data
from figures import median
from report import TITLES

if TYPE_CHECKING:
    from pathlib import Path

    from figures import Answers

# By family: blue hnswlib and its kin, green faiss, orange usearch, purple SVS, grey hnsw_rs.
STYLES = {
    "hnswlib": ("#1f77b4", "-"),
    "voyager": ("#17becf", "-"),
    "faiss": ("#2ca02c", "-"),
    "faiss-sq8": ("#2ca02c", "--"),
    "usearch": ("#ff7f0e", "-"),
    "usearch-i8": ("#ff7f0e", "--"),
    "svs": ("#9467bd", "-"),
    "svs-f16": ("#9467bd", "--"),
    "svs-lvq8": ("#e377c2", "-"),
    "svs-lvq4x8": ("#e377c2", "--"),
    "hnsw_rs": ("#7f7f7f", "-"),
    "vectord": ("#d62728", "-"),
}
FROM, TO = 0.85, 0.999


def curve(runs: list[Answers]) -> tuple[list[float], list[float]]:
    """Return recalls and single queries per second, the medians over the rounds at each effort."""
    efforts = sorted(set.intersection(*({point["effort"] for point in run["points"]} for run in runs)))
    points = []
    for effort in efforts:
        at = [point for run in runs for point in run["points"] if point["effort"] == effort]
        recall, us = median([point["recall"] for point in at]), median([point["us"] for point in at])
        if recall and us and recall >= FROM:
            points.append((min(recall, TO), 1e6 / us))
    # Of the points at the edge only the fastest.
    points = [point for point in points if point[0] < TO] + sorted(
        point for point in points if point[0] == TO
    )[-1:]
    points.sort()
    return [recall for recall, _ in points], [rate for _, rate in points]


def draw(answers: Answers, folder: Path) -> None:
    """Write the plots."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator

    folder.mkdir(parents=True, exist_ok=True)
    meta = answers["meta"]
    for name, libraries in answers["data"].items():
        figure, axes = plt.subplots(figsize=(8, 5), dpi=150, layout="constrained")
        shape = ""
        for library, (colour, line) in STYLES.items():
            runs = libraries.get(library, {}).get("curve")
            if not runs:
                continue
            shape = f"{runs[0]['rows']:,} x {runs[0]['dimension']}"
            ours = library == "vectord"
            recalls, rates = curve(runs)
            label = TITLES[library].strip("*")
            axes.plot(
                recalls,
                rates,
                line,
                color=colour,
                marker="o",
                markersize=5 if ours else 3,
                linewidth=3 if ours else 1.3,
                alpha=1 if ours else 0.85,
                zorder=3 if ours else 2,
                label=label if recalls else f"{label}: below {FROM}",
                clip_on=False,
            )
        # Misses on a logarithmic axis, so that .99 is not squeezed against the edge.
        axes.set_xscale("function", functions=(spread, gather))
        axes.set_xlim(FROM, TO)
        axes.set_yscale("log")
        axes.xaxis.set_major_locator(FixedLocator([0.85, 0.9, 0.95, 0.98, 0.99, 0.995, TO]))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda at, _: f"{at:g}+" if at == TO else f"{at:g}"))
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.grid(visible=True, which="major", color="#dddddd", linewidth=0.8)
        axes.grid(visible=True, which="minor", color="#eeeeee", linewidth=0.5)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_xlabel("recall@10 (up and right is better)")
        axes.set_ylabel("single queries per second")
        axes.set_title(f"{data.WHAT[name]}\n{shape}, 1 thread; {meta['machine']}", fontsize=10, loc="left")
        handles, labels = axes.get_legend_handles_labels()
        axes.legend(handles[::-1], labels[::-1], loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
        figure.savefig(folder / f"{name}.png")
        plt.close(figure)


def spread(recall: object) -> object:
    """Place recalls by the logarithm of their misses."""
    import numpy as np

    return -np.log10(np.maximum(1 - np.asarray(recall, dtype=np.float64), 1e-6))


def gather(place: object) -> object:
    """Undo `spread`."""
    import numpy as np

    return 1 - 10 ** -np.asarray(place, dtype=np.float64)
