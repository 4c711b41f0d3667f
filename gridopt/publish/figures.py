"""Pictures of a plan for the report: maps and the histogram of sizes, as PNG bytes."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.path import Path
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from gridopt.grids.plan import Plan
from gridopt.publish.colours import DECISION_COLOURS, OUTLINE, SIZE_COLOURS, community_colours
from gridopt.publish.facts import (
    SIZE_CLASSES,
    decision_classes,
    grid_sizes,
    size_classes,
    size_rules,
)
from gridopt.publish.lettering import Lettering, lettering
from gridopt.publish.sentences import number, say
from gridopt.publish.shapes import parts_of, thin
from gridopt.terms import label

DPI = 150
LARGEST = (8.0, 9.6)
"""Inches that a map may take on a page."""
LEGEND_STRIP = 0.55
INK, SOFT = "#22343a", "#5c6b6c"
MOST_KINDS = 4
NAME_SIZE = 8.5


@dataclass(frozen=True)
class Frame:
    """West, south, east and north that a map shows; two maps of one frame can be laid side by side."""

    west: float
    south: float
    east: float
    north: float

    @classmethod
    def of(cls, *plans: Plan) -> Frame:
        """The land of all plans with a little room around it."""
        bounds = np.array([plan.grids.total_bounds for plan in plans])
        west, south = bounds[:, :2].min(axis=0).tolist()
        east, north = bounds[:, 2:].max(axis=0).tolist()
        room = 0.03 * max(east - west, north - south)
        return cls(west - room, south - room, east + room, north + room)


def city_map(plan: Plan, *, view: str = "community", frame: Frame | None = None, lang: str = "zh") -> bytes:
    """A map of the whole plan, coloured by ``"community"``, ``"size"`` or ``"decision"``."""
    letters = lettering()
    lang = letters.language(lang)
    shapes = thin(plan.grids.geometry.to_numpy(), 1.0)
    figure, axes = _map_axes(frame or Frame.of(plan))
    axes.add_collection(
        PathCollection(_paths(shapes), facecolors=_fills(plan, shapes, view), edgecolors="white", linewidths=0.6)
    )
    _ground(axes, plan)
    communities = [
        shapely.union_all(shapes[rows]) for rows in plan.grids.groupby("community_id", sort=True).indices.values()
    ]
    edges = _paths(np.array(communities, dtype=object))
    axes.add_collection(PathCollection(edges, facecolors="none", edgecolors="#37494c", linewidths=1.3))
    _decisions(axes, plan, shapes)
    _community_names(axes, plan, communities, letters=letters, width=figure.get_figwidth())
    _scale_bar(axes, letters)
    _map_legend(figure, plan, view, letters=letters, lang=lang)
    return _png(figure)


def size_histogram(plan: Plan, *, lang: str = "zh") -> bytes:
    """How many grids have which size, against bounds and comfort band; one row for each area kind."""
    letters = lettering()
    lang = letters.language(lang)
    base = plan.grids[plan.grids["kind"] != "dedicated"]
    kinds = base["area_kind"].value_counts().sort_index().sort_values(ascending=False, kind="stable").index[:MOST_KINDS]
    figure = Figure(figsize=(LARGEST[0], 0.5 + 2.5 * max(len(kinds), 1)), dpi=DPI, layout="constrained")
    panels = np.atleast_1d(figure.subplots(max(len(kinds), 1), 1))
    for axes, kind in zip(panels, kinds, strict=False):
        _histogram(axes, plan, str(kind), letters=letters, lang=lang)
    return _png(figure)


def _map_axes(frame: Frame) -> tuple[Figure, Axes]:
    wide, high = frame.east - frame.west, frame.north - frame.south
    inches = min(LARGEST[0] / wide, LARGEST[1] / high)
    height = high * inches + LEGEND_STRIP
    figure = Figure(figsize=(wide * inches, height), dpi=DPI, facecolor="white")
    axes = figure.add_axes((0, LEGEND_STRIP / height, 1, 1 - LEGEND_STRIP / height))
    axes.set_xlim(frame.west, frame.east)
    axes.set_ylim(frame.south, frame.north)
    axes.set_axis_off()
    return figure, axes


def _paths(shapes: NDArray[np.object_]) -> list[Path]:
    """One compound path a shape; rings run so that holes stay holes."""
    return [_path(parts_of(shape, "Polygon")) for shape in shapely.orient_polygons(shapes)]


def _path(polygons: list[shapely.Polygon]) -> Path:
    rings = [ring for polygon in polygons for ring in (polygon.exterior, *polygon.interiors)]
    return Path.make_compound_path(*[Path(shapely.get_coordinates(ring), closed=True) for ring in rings])


def _fills(plan: Plan, shapes: NDArray[np.object_], view: str) -> list[str]:
    if view == "size":
        return [SIZE_COLOURS[name] for name in size_classes(plan)["size"]]
    if view == "decision":
        return [DECISION_COLOURS[name] for name in decision_classes(plan)]
    return community_colours(plan.grids, shapes)[1].tolist()


def _ground(axes: Axes, plan: Plan) -> None:
    """Water, main roads and railways, so that people find their way."""
    for layer, colour, width in (("rivers", "#8fbcd8", 1.0), ("roads", "#ffffff", 0.9), ("railways", "#7b8585", 0.8)):
        table = plan.city.layer(layer)
        if table is None or not len(table):
            continue
        if layer == "roads":
            table = table[table["class"].isin(["motorway", "trunk", "primary", "secondary"])]
        areas = [part for shape in table.geometry for part in parts_of(shape, "Polygon")]
        lines = [shapely.get_coordinates(part) for shape in table.geometry for part in parts_of(shape, "LineString")]
        if areas:
            axes.add_collection(PathCollection(_paths(np.array(areas, dtype=object)), facecolors=colour, linewidths=0))
        if lines:
            axes.add_collection(LineCollection(lines, colors=colour, linewidths=width))


def _decisions(axes: Axes, plan: Plan, shapes: NDArray[np.object_]) -> None:
    chosen = shapes[(decision_classes(plan) == "decide").to_numpy()]
    if len(chosen):
        paths = _paths(chosen)
        axes.add_collection(
            PathCollection(paths, facecolors="none", edgecolors=OUTLINE, linewidths=1.5, linestyles="--")
        )


def _community_names(
    axes: Axes, plan: Plan, shapes: list[shapely.Geometry], *, letters: Lettering, width: float
) -> None:
    """Names where they do not cover each other, the largest communities first; ``width`` of the picture in inches."""
    names = plan.grids.groupby("community_id", sort=True)["community"].first()
    metres_per_point = (axes.get_xlim()[1] - axes.get_xlim()[0]) / (width * 72)
    taken: list[tuple[float, float, float, float]] = []
    for place in np.argsort([-shape.area for shape in shapes], kind="stable"):
        code = str(names.index[place])
        text = letters.name(names.iloc[place], code[-3:])
        at = shapely.point_on_surface(shapes[place])
        half = np.array([_ems(text) / 2, 0.65]) * NAME_SIZE * metres_per_point
        box = (at.x - half[0], at.y - half[1], at.x + half[0], at.y + half[1])
        if any(box[0] < b[2] and box[2] > b[0] and box[1] < b[3] and box[3] > b[1] for b in taken):
            continue
        taken.append(box)
        _write(axes, (at.x, at.y), text, font=letters.font(NAME_SIZE, "bold"))


def _ems(text: str) -> float:
    """Width of a text in letter heights: Chinese characters are square."""
    return sum(1.0 if ord(sign) > 0x2E80 else 0.6 for sign in text)


def _write(axes: Axes, at: tuple[float, float], text: str, **style: Any) -> None:
    """Text as it stands: a dollar sign in a name is no formula."""
    halo = [withStroke(linewidth=2.2, foreground="#ffffffd0")]
    axes.text(
        *at, text, **{"ha": "center", "va": "center", "color": INK, "path_effects": halo, **style}
    ).set_parse_math(False)


def _scale_bar(axes: Axes, letters: Lettering) -> None:
    west, east = axes.get_xlim()
    south, north = axes.get_ylim()
    wanted = (east - west) / 6
    step = 10 ** np.floor(np.log10(wanted))
    metres = step * max(factor for factor in (1, 2, 5) if factor * step <= wanted)
    x, y = east - 0.03 * (east - west) - metres, south + 0.025 * (north - south)
    axes.add_line(Line2D([x, x + metres], [y, y], color=INK, linewidth=2, solid_capstyle="butt"))
    text = f"{metres:,.0f} m" if metres < 1000 else f"{metres / 1000:g} km"
    _write(axes, (x + metres / 2, y + 0.004 * (north - south)), text, font=letters.font(8), va="bottom")


def _map_legend(figure: Figure, plan: Plan, view: str, *, letters: Lettering, lang: str) -> None:
    handles: list[Patch | Line2D] = []
    if view == "size":
        present = set(size_classes(plan)["size"])
        handles = [
            Patch(facecolor=SIZE_COLOURS[name], label=say(f"size_{name}", lang))
            for name in SIZE_CLASSES
            if name in present
        ]
    if view == "decision":
        handles = [Patch(facecolor=fill, label=say(f"decide_{name}", lang)) for name, fill in DECISION_COLOURS.items()]
    handles.append(Line2D([], [], color="#37494c", linewidth=1.3, label=say("community_border", lang)))
    if (decision_classes(plan) == "decide").any() and view != "decision":
        handles.append(Line2D([], [], color=OUTLINE, linewidth=1.5, linestyle="--", label=say("decide_outline", lang)))
    legend = figure.legend(
        handles=handles, prop=letters.font(8.5), loc="lower center", ncols=4, frameon=False, columnspacing=1.4
    )
    for text in legend.get_texts():
        text.set_color(INK)


def _histogram(axes: Axes, plan: Plan, kind: str, *, letters: Lettering, lang: str) -> None:
    size = size_rules(plan.city.rules, kind)
    rows = (plan.grids["area_kind"] == kind) & (plan.grids["kind"] != "dedicated")
    classes = size_classes(plan).loc[rows, "size"]
    values = grid_sizes(plan)[rows]
    edges = _bin_edges(values, size.low, size.high)
    axes.axvspan(*size.comfort, color="#e9efe7", zorder=0, linewidth=0)
    comfort = f"{say('size_comfort', lang)} {size.comfort[0]:g}–{size.comfort[1]:g}"
    axes.annotate(
        comfort, (sum(size.comfort) / 2, 1), xycoords=("data", "axes fraction"), xytext=(0, -3),
        textcoords="offset points", va="top", ha="center", color="#4f7350", font=letters.font(8),
    )  # fmt: skip
    bottom = np.zeros(len(edges) - 1)
    for name in SIZE_CLASSES[:-1]:
        counts = np.histogram(values[classes == name].clip(edges[0], edges[-1]), edges)[0]
        axes.bar(
            edges[:-1],
            counts,
            np.diff(edges),
            bottom,
            align="edge",
            color=_bar_colour(name),
            edgecolor="white",
            linewidth=0.6,
        )
        bottom += counts
    for limit in (size.low, size.high):
        axes.axvline(limit, color=OUTLINE, linewidth=1.1)
        axes.annotate(
            number(limit), (limit, 1), xycoords=("data", "axes fraction"), xytext=(3, -3), textcoords="offset points",
            va="top", color=OUTLINE, font=letters.font(8),
        )  # fmt: skip
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(0, max(float(bottom.max()), 1.0) * 1.18)
    axes.set_xlabel(
        say("histogram_x", lang, kind=label(kind, lang), measure=label(size.measure, lang)), font=letters.font(9)
    )
    axes.set_ylabel(label("n_grids", lang), font=letters.font(9))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    for tick in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        tick.set_fontproperties(letters.font(8))
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=SOFT)


def _bar_colour(name: str) -> str:
    return {"low": "#93b7d2", "comfort": "#8db48a", "high": "#e0b06c"}.get(name, SIZE_COLOURS[name])


def _bin_edges(values: pd.Series[float], low: float, high: float) -> NDArray[np.float64]:
    """Bins that end exactly at both bounds; a few giants share the last bin."""
    width = max((high - low) / 20, 1.0)
    most = min(float(values.max()) if len(values) else high, high + 1.5 * (high - low))
    first = low - width * np.ceil(max(low - float(values.min()) if len(values) else 0.0, width) / width)
    last = high + width * np.ceil(max(most - high, width) / width)
    return np.arange(max(first, low - width * np.floor(low / width)), last + width / 2, width)


def _png(figure: Figure) -> bytes:
    """The same picture gives the same bytes: no date, no version."""
    content = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(content, format="png", metadata={"Software": None})
    return content.getvalue()
