"""Plans to choose from in one picture: what each gives up for what, its figures, and where it moves people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import fill

import numpy as np
import pandas as pd
import shapely
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from gridopt.coding.names import chinese_number
from gridopt.grids.plan import Plan
from gridopt.publish.colours import HUES, oklch
from gridopt.publish.figures import DPI, INK, Picture, paths, png
from gridopt.publish.lettering import Lettering, lettering
from gridopt.publish.sentences import number, say
from gridopt.publish.shapes import thin
from gridopt.terms import TERMS, label

SCORED = ("proximity", "governance", "size")
"""Columns without a unit of measure: shown against the first plan, in per cent."""
WIDTH = 10.0
"""Inches of the whole picture."""
MAP_TITLE = 0.42
"""Inches above a map."""
COLUMNS = 3
"""Maps side by side; two of two and of four."""
WRAP = 24
"""English letters in a line of the table's first column."""
MOVED, MOVED_LAND, SOFT, GRID = "#e8944a", "#f7dfc6", "#5c6b6c", "#9fb0b2"
_FIGURES = ("walk_mean_m", "cut_border_m", "comfort_share", "change", "to_decide")
"""Columns of the table; less is better but for the comfortable share."""


@dataclass(frozen=True, eq=False)
class Choices:
    """What the picture is drawn from.

    ``table`` has a row a plan, ``considered`` the terms of all plans weighed, ``front`` the numbers of the plans
    on the front of the two ``axes`` in their order, ``moved`` (units by plan number) which units change grid
    against the ``reference``, ``"today"`` or ``"first"``.
    """

    plans: Sequence[Plan]
    table: pd.DataFrame
    considered: pd.DataFrame
    front: Sequence[int]
    moved: pd.DataFrame
    reference: str
    axes: tuple[str, str]


def trade_off(choices: Choices, *, lang: str = "zh") -> Picture:
    """The plans by two figures with their front, a table of what else they differ in, and a map of each."""
    letters = lettering()
    lang = letters.language(lang)
    columns = 2 if len(choices.plans) in (2, 4) else COLUMNS
    high = _map_height(choices.plans, WIDTH / columns - 0.3)
    rows = -(-len(choices.plans) // columns)
    page = _Page(Figure(facecolor="white", dpi=DPI), 4.35 + rows * (high + MAP_TITLE) + 0.35)
    title = say("choice_title", lang, city=choices.plans[0].city.name, n=len(choices.plans))
    heading = page.figure.text(0.02, 1 - 0.18 / page.height, title, font=letters.font(14, "bold"), color=INK, va="top")
    heading.set_parse_math(False)  # a dollar sign in a name is no formula
    _scatter(page.axes(0.85, 0.7, 3.65, 2.95), choices, letters=letters, lang=lang)
    _table(page.axes(4.75, 0.7, 5.1, 2.95), choices, letters=letters, lang=lang)
    for place, (name, plan) in enumerate(zip(choices.table.index, choices.plans, strict=True)):
        row, column = divmod(place, columns)
        top = 4.35 + MAP_TITLE + row * (high + MAP_TITLE)
        axes = page.axes(0.15 + column * WIDTH / columns, top, WIDTH / columns - 0.3, high)
        _map(axes, plan, choices.moved[name])
        axes.set_title(_plan_title(choices, name, lang), font=letters.font(10, "bold"), color=_colour(place), pad=4)
    _legend(page.figure, choices, letters=letters, lang=lang)
    return Picture(page.figure, png(page.figure))


@dataclass(frozen=True, eq=False)
class _Page:
    """A figure of `WIDTH` and so many inches of height, filled from its upper left corner."""

    figure: Figure
    height: float

    def __post_init__(self) -> None:
        self.figure.set_size_inches(WIDTH, self.height)

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Axes so many inches from the left and the top edge."""
        bottom = 1 - (top + height) / self.height
        return self.figure.add_axes((left / WIDTH, bottom, width / WIDTH, height / self.height))


def _map_height(plans: Sequence[Plan], width: float) -> float:
    """Inches of a map of so many inches of width: the shape of the city, within reason."""
    west, south, east, north = plans[0].grids.total_bounds
    return float(np.clip(width * (north - south) / max(east - west, 1.0), 1.4, 3.9))


def _colour(place: int) -> str:
    return oklch(0.55, 0.13, HUES[place % len(HUES)])


def _plan_name(name: int, lang: str) -> str:
    return say("choice_plan", lang, n=chinese_number(name) if lang == "zh" else name)


def _emphasis(told: str, lang: str) -> str:
    names = [label(one, lang) for one in told.split(";") if one]
    return say("choice_emphasis", lang, terms=say("listing", lang).join(names)) if names else say("choice_even", lang)


def _plan_title(choices: Choices, name: int, lang: str) -> str:
    share = float(choices.table["change"].loc[name])
    told = "choice_map" if share > 0 else "choice_map_first"
    return say(told, lang, plan=_plan_name(name, lang), share=f"{share:.0%}")


def _values(choices: Choices, column: str) -> tuple[pd.Series[float], pd.Series[float]]:
    """A figure of the plans and, where it is known, of all plans weighed; scores in per cent of the first plan."""
    table, considered = choices.table[column].astype(float), choices.considered.get(column, pd.Series(dtype=float))
    first = float(table.iloc[0])
    if column not in SCORED or first <= 0:
        return table, considered
    return 100 * (table / first - 1), 100 * (considered / first - 1)


def _span(values: pd.Series[float]) -> tuple[float, float]:
    """The range that an axis shows: the listed plans with room for their marks."""
    low, high = float(values.min()), float(values.max())
    room = 0.16 * (high - low) if high > low else max(0.05 * abs(high), 1.0)
    return low - room, high + room


def _scatter(axes: Axes, choices: Choices, *, letters: Lettering, lang: str) -> None:
    (x, all_x), (y, all_y) = (_values(choices, column) for column in choices.axes)
    if len(all_x) and len(all_y):
        # Plans far from all that are listed lie outside the picture, so that the listed ones keep apart.
        axes.scatter(all_x, all_y, s=14, color="#c9d2d2", linewidths=0, zorder=1)
    front = list(choices.front)
    axes.plot(x[front], y[front], color=SOFT, linewidth=1.2, linestyle=(0, (4, 2)), zorder=2)
    for place, name in enumerate(choices.table.index):
        axes.scatter(x[name], y[name], s=250, color=_colour(place), edgecolors="white", linewidths=1.4, zorder=3)
        _numbered(axes, (x[name], y[name]), name, letters.font(10, "bold"))
    for axis, column in ((axes.xaxis, choices.axes[0]), (axes.yaxis, choices.axes[1])):
        against = column in SCORED and float(choices.table[column].iloc[0]) > 0
        said = label(column, lang) if column in TERMS else column
        axis.set_label_text(say("choice_axis" if against else "choice_less", lang, term=said), font=letters.font(9))
    axes.set_xlim(_span(x))
    axes.set_ylim(_span(y))
    axes.annotate("", (0.02, 0.03), (0.12, 0.15), "axes fraction", arrowprops={"arrowstyle": "->", "color": SOFT})
    axes.text(0.13, 0.15, say("choice_better", lang), transform=axes.transAxes, font=letters.font(8.5), color=SOFT)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=SOFT)
    for tick in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        tick.set_fontproperties(letters.font(8))


def _numbered(axes: Axes, at: tuple[float, float], name: int, font: FontProperties) -> None:
    axes.text(*at, str(name), font=font, ha="center", va="center_baseline", color="white", zorder=4)


def _table(axes: Axes, choices: Choices, *, letters: Lettering, lang: str) -> None:
    """The figures of every plan, the best of each column in bold."""
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(len(choices.plans) + 1.2, -0.4)
    rights = np.linspace(0.47, 1.0, len(_FIGURES))
    axes.axhline(0.55, color=GRID, linewidth=0.8)
    for right, column in zip(rights, _FIGURES, strict=True):
        heading = say(f"choice_{column}", lang, reference=_reference(choices, lang))
        axes.text(right, 0.4, heading, ha="right", va="bottom", color=SOFT, font=letters.font(8), linespacing=1.25)
        values = choices.table[column].astype(float)
        best = _written(column, values.max() if column == "comfort_share" else values.min())
        told = [_written(column, value) for value in values]
        for place, text in enumerate(told):
            weight = "bold" if text == best and len({*told}) > 1 else "normal"
            axes.text(right, place + 1.1, text, ha="right", va="center", color=INK, font=letters.font(10, weight))
    for place, name in enumerate(choices.table.index):
        axes.scatter(0.035, place + 1.1, s=150, color=_colour(place), clip_on=False)
        _numbered(axes, (0.035, place + 1.1), name, letters.font(8.5, "bold"))
        said = _emphasis(str(choices.table.loc[name, "emphasis"]), lang)
        lines = said if lang == "zh" else fill(said, WRAP)
        axes.text(0.08, place + 1.1, lines, va="center", color=INK, font=letters.font(9 if lang == "zh" else 8))


def _written(column: str, value: float) -> str:
    if column in ("comfort_share", "change"):
        return f"{value:.0%}"
    return number(value / 1000, 1) if column == "cut_border_m" else number(value, 1 if column == "walk_mean_m" else 0)


def _map(axes: Axes, plan: Plan, moved: pd.Series[bool]) -> None:
    shapes = thin(plan.grids.geometry.to_numpy(), 1.0)
    axes.set_axis_off()
    axes.set_aspect("equal")
    changed = plan.units.loc[moved.index[moved]]
    peopled = (changed["residents"].fillna(0) + changed["households"].fillna(0)) > 0
    axes.add_collection(PathCollection(paths(shapes), facecolors="#eef2f1", linewidths=0, zorder=1))
    for colour, rows in ((MOVED, changed[peopled]), (MOVED_LAND, changed[~peopled])):
        if len(rows):
            spots = paths(rows.geometry.to_numpy())
            axes.add_collection(PathCollection(spots, facecolors=colour, edgecolors=colour, linewidths=0.3, zorder=2))
    axes.add_collection(PathCollection(paths(shapes), facecolors="none", edgecolors=GRID, linewidths=0.6, zorder=3))
    held = plan.grids.groupby("community_id", sort=True).indices.values()
    edges = paths(np.array([shapely.union_all(shapes[own]) for own in held], dtype=object))
    axes.add_collection(PathCollection(edges, facecolors="none", edgecolors="#37494c", linewidths=1.0, zorder=4))
    axes.autoscale_view()


def _reference(choices: Choices, lang: str) -> str:
    return say("choice_today", lang) if choices.reference == "today" else _plan_name(1, lang)


def _legend(figure: Figure, choices: Choices, *, letters: Lettering, lang: str) -> None:
    handles = [
        Patch(facecolor=MOVED, label=say("choice_moved", lang, reference=_reference(choices, lang))),
        Patch(facecolor=MOVED_LAND, label=say("choice_moved_land", lang)),
        Line2D([], [], color=GRID, linewidth=1.0, label=say("grid_border", lang)),
        Line2D([], [], color="#37494c", linewidth=1.3, label=say("community_border", lang)),
        Line2D([], [], color=SOFT, linewidth=1.2, linestyle=(0, (4, 2)), label=say("choice_front", lang)),
        Line2D([], [], color="#c9d2d2", marker="o", markersize=4, linewidth=0, label=say("choice_considered", lang)),
    ]
    legend = figure.legend(handles=handles, prop=letters.font(8.5), loc="lower center", ncols=6, frameon=False)
    for text in legend.get_texts():
        text.set_color(INK)
