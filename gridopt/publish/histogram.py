"""The histogram of grid sizes against bounds and comfort band, as PNG bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from gridopt.formula import spoken
from gridopt.grids.plan import Plan
from gridopt.publish.colours import OUTLINE, SIZE_COLOURS
from gridopt.publish.facts import SIZE_CLASSES, grid_sizes, size_classes, size_rules
from gridopt.publish.figures import DPI, LARGEST, png
from gridopt.publish.lettering import Lettering, lettering
from gridopt.publish.sentences import number, say
from gridopt.rules import Size
from gridopt.terms import label

MOST_PANELS = 4
ROW_INCHES = 2.2
SOFT = "#5c6b6c"
BAR_COLOURS = SIZE_COLOURS | {"low": "#93b7d2", "comfort": "#8db48a", "high": "#e0b06c"}


def size_histogram(plan: Plan, *, lang: str = "zh") -> bytes:
    """How many base grids have which size; a panel for all area kinds of the same rule, four at most, two a row."""
    letters = lettering()
    lang = letters.language(lang)
    base = plan.grids[plan.grids["kind"] != "dedicated"]
    groups = _kinds_by_rule(plan, base["area_kind"])[:MOST_PANELS]
    n_columns = min(max(len(groups), 1), 2)
    n_rows = -(-max(len(groups), 1) // n_columns)
    figure = Figure(figsize=(LARGEST[0], 0.2 + ROW_INCHES * n_rows), dpi=DPI, layout="constrained")
    panels = np.ravel(figure.subplots(n_rows, n_columns, squeeze=False))
    for axes in panels[len(groups) :]:
        axes.set_axis_off()
    for axes, kinds in zip(panels, groups, strict=False):
        size = size_rules(plan.city.rules, kinds[0])
        rows = base.index[base["area_kind"].isin(kinds)]
        _bars(axes, grid_sizes(plan)[rows], size_classes(plan).loc[rows, "size"], size)
        _bounds(axes, size, letters=letters, lang=lang)
        _dress(axes, (kinds, size), letters=letters, lang=lang)
    return png(figure)


def _kinds_by_rule(plan: Plan, kinds: pd.Series[str]) -> list[tuple[str, ...]]:
    """Area kinds whose sizes are bounded alike, those of the most grids first."""
    counts = kinds.value_counts().sort_index()
    groups: dict[tuple[object, ...], list[str]] = {}
    for kind in counts.index:
        size = size_rules(plan.city.rules, kind)
        groups.setdefault((size.counted, size.low, size.high, size.comfort), []).append(str(kind))
    return sorted((tuple(group) for group in groups.values()), key=lambda group: -int(counts[list(group)].sum()))


def _bars(axes: Axes, values: pd.Series[float], classes: pd.Series[str], size: Size) -> None:
    edges = bin_edges(values, size.low, size.high)
    bottom = np.zeros(len(edges) - 1)
    for name in SIZE_CLASSES[:-1]:
        counts = np.histogram(values[classes == name].clip(edges[0], edges[-1]), edges)[0]
        style: dict[str, Any] = {"color": BAR_COLOURS[name], "edgecolor": "white", "linewidth": 0.6}
        axes.bar(edges[:-1], counts, np.diff(edges), bottom, align="edge", **style)
        bottom += counts
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(0, max(float(bottom.max()), 1.0) * 1.18)


def bin_edges(values: pd.Series[float], low: float, high: float) -> NDArray[np.float64]:
    """Bins that end exactly at both bounds; giants share the last bin."""
    width = max((high - low) / 20, 1.0)
    most = min(float(values.max()), high + 1.5 * (high - low))
    below = np.ceil(max(low - float(values.min()), width) / width)
    above = np.ceil(max(most - high, width) / width)
    steps = np.arange(-min(below, np.floor(low / width)), np.round((high - low) / width) + above + 1)
    edges: NDArray[np.float64] = low + width * steps
    return edges


def _bounds(axes: Axes, size: Size, *, letters: Lettering, lang: str) -> None:
    axes.axvspan(*size.comfort, color="#e9efe7", zorder=0, linewidth=0)
    comfort = f"{say('size_comfort', lang)} {size.comfort[0]:g}–{size.comfort[1]:g}"
    marks = [(sum(size.comfort) / 2, comfort, "center", "#4f7350")]
    marks += [(limit, number(limit), "left", OUTLINE) for limit in (size.low, size.high)]
    for x, text, side, colour in marks:
        shift = (3 if side == "left" else 0, -3)
        where: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "xytext": shift, "textcoords": "offset points"}
        axes.annotate(text, (x, 1), **where, va="top", ha=side, color=colour, font=letters.font(8))
    for limit in (size.low, size.high):
        axes.axvline(limit, color=OUTLINE, linewidth=1.1)


def _dress(axes: Axes, shown: tuple[tuple[str, ...], Size], *, letters: Lettering, lang: str) -> None:
    kinds, size = shown
    said = say("listing", lang).join(label(kind, lang) for kind in kinds)
    measure = spoken(size.counted, lang)
    told = axes.set_xlabel(say("histogram_x", lang, kind=said, measure=measure), font=letters.font(9))
    told.set_parse_math(False)  # a dollar sign in a name is no formula
    axes.set_ylabel(label("n_grids", lang), font=letters.font(9))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    for tick in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        tick.set_fontproperties(letters.font(8))
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=SOFT)
