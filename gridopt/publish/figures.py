"""Maps of a plan for the report, as PNG bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from types import MappingProxyType
from typing import Any

import geopandas as gpd
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
from numpy.typing import NDArray

from gridopt.errors import check_keys
from gridopt.grids.plan import Plan
from gridopt.grids.shapes import grid_shapes
from gridopt.publish.atomic import write_bytes
from gridopt.publish.colours import DECISION_COLOURS, OUTLINE, SIZE_COLOURS, community_colours
from gridopt.publish.facts import (
    SIZE_CLASSES,
    decision_classes,
    size_classes,
)
from gridopt.publish.lettering import Lettering, lettering
from gridopt.publish.map_figures import KEYS, figures_by_level, hue_level
from gridopt.publish.map_places import names_of
from gridopt.publish.map_views import views
from gridopt.publish.sentences import say
from gridopt.publish.shapes import parts_of, thin
from gridopt.terms import label

DPI = 150
LARGEST = (8.0, 9.6)
"""Inches that a map may take on a page."""
LEGEND_STRIP = 0.55
MOST_COLUMNS = 4
"""Columns of a legend where the picture is wide enough."""
SCALE_ROOM = 2.2
"""How much more room than elsewhere the south has, where the scale bar lies."""
THINNED = 1.0
"""Metres by which an outline may be simplified."""
INK, BORDER, MARK = "#22343a", "#37494c", "#a5281b"
NAME_SIZE = 8.5
MARK_SIZE = 9.0
"""Square points of a dot; few of them are larger."""
FEW_MARKS = 50


@dataclass(frozen=True)
class Frame:
    """West, south, east and north that a map shows; two maps of one frame can be laid side by side.

    ``inches`` is the width that the map may take on its page, so that its letters stay legible there.
    """

    west: float
    south: float
    east: float
    north: float
    inches: float = LARGEST[0]

    @classmethod
    def of(cls, *plans: Plan) -> Frame:
        """The land of all plans with a little room around it."""
        bounds = np.array([plan.grids.total_bounds for plan in plans])
        west, south = bounds[:, :2].min(axis=0).tolist()
        east, north = bounds[:, 2:].max(axis=0).tolist()
        room = 0.03 * max(east - west, north - south)
        return cls(west - room, south - SCALE_ROOM * room, east + room, north + room)


@dataclass(frozen=True, eq=False)
class Outlines:
    """What all maps of a plan draw alike: its grids (g,), and by level its places in the order of their ids."""

    grids: NDArray[np.object_]
    paths: list[Path]
    places: dict[str, NDArray[np.object_]]

    @classmethod
    def of(cls, plan: Plan) -> Outlines:
        """The outlines of a plan, thinned to what a page can show."""
        grids = thin(plan.grids.geometry.to_numpy(), THINNED)
        levels = dict.fromkeys(_border_widths(hue_level(plan)))
        places = {level: grid_shapes(grids, pd.factorize(plan.grids[KEYS[level]], sort=True)[0]) for level in levels}
        return cls(grids, paths(grids), places)


def city_map(
    plan: Plan,
    *,
    view: str = "community",
    frame: Frame | None = None,
    lang: str = "zh",
    outlines: Outlines | None = None,
) -> bytes:
    """A map of the whole plan as PNG, see `city_figure`."""
    return png(city_figure(plan, view=view, frame=frame, lang=lang, outlines=outlines))


def city_figure(
    plan: Plan,
    *,
    view: str | View = "community",
    frame: Frame | None = None,
    lang: str = "zh",
    outlines: Outlines | None = None,
) -> Figure:
    """A map of the whole plan, coloured by ``"community"``, ``"size"``, ``"decision"``, ``"area_kind"`` or a measure.

    Measures are those of `map_measures`: households, residents, density, workload, walk_mean, walk_max. ``outlines``
    are the plan's, where several maps share them. Raises `RuleError` for another view.
    """
    letters, hued = lettering(), hue_level(plan)
    lang = letters.language(lang)
    shown = View.of(plan, view, lang) if isinstance(view, str) else view
    drawn = Outlines.of(plan) if outlines is None else outlines
    figure, axes = _map_axes(frame or Frame.of(plan))
    axes.add_collection(
        PathCollection(
            drawn.paths,
            facecolors=shown.fills or community_colours(plan.grids, drawn.grids, KEYS[hued])[1].tolist(),
            edgecolors="white",
            linewidths=0.6,
            zorder=1,
        )
    )
    _ground(axes, plan)
    _place_borders(axes, drawn, hued)
    _decisions(axes, plan, drawn)
    _place_names(axes, names_of(plan, hued), drawn.places[hued], letters=letters, width=figure.get_figwidth())
    _scale_bar(axes, letters)
    _map_legend(figure, plan, shown, letters=letters, lang=lang)
    return figure


def _map_axes(frame: Frame) -> tuple[Figure, Axes]:
    wide, high = frame.east - frame.west, frame.north - frame.south
    inches = min(frame.inches / wide, LARGEST[1] / high)
    height = high * inches + LEGEND_STRIP
    figure = Figure(figsize=(wide * inches, height), dpi=DPI, facecolor="white")
    axes = figure.add_axes((0, LEGEND_STRIP / height, 1, 1 - LEGEND_STRIP / height))
    axes.set_xlim(frame.west, frame.east)
    axes.set_ylim(frame.south, frame.north)
    axes.set_axis_off()
    return figure, axes


def paths(shapes: NDArray[np.object_]) -> list[Path]:
    """One compound path a shape; rings run so that holes stay holes."""
    return [_path(parts_of(shape, "Polygon")) for shape in shapely.orient_polygons(shapes)]


def _path(polygons: list[shapely.Polygon]) -> Path:
    rings = [ring for polygon in polygons for ring in (polygon.exterior, *polygon.interiors)]
    return Path.make_compound_path(*[Path(shapely.get_coordinates(ring), closed=True) for ring in rings])


@dataclass(frozen=True)
class View:
    """What a map is coloured by: the fill of each grid (None: by community), and the colours that a legend explains.

    ``title`` says what the legend's figures are of.
    """

    fills: list[str] | None
    keys: list[tuple[str, str]]
    title: str = ""

    @classmethod
    def of(
        cls,
        plan: Plan,
        name: str,
        lang: str,
        *,
        posts: pd.DataFrame | None = None,
        reach: pd.DataFrame | None = None,
    ) -> View:
        """The view of this name; posts and reach have views of their own where given. `RuleError` for another name."""
        if name == "community":
            return cls(None, [])
        if name == "size":
            sizes = size_classes(plan)["size"]
            present = [one for one in SIZE_CLASSES if (sizes == one).any()]
            keys = [(SIZE_COLOURS[one], say(f"size_{one}", lang)) for one in present]
            return cls([SIZE_COLOURS[one] for one in sizes], keys)
        if name == "decision":
            keys = [(colour, say(f"decide_{one}", lang)) for one, colour in DECISION_COLOURS.items()]
            return cls([DECISION_COLOURS[one] for one in decision_classes(plan)], keys)
        figures = figures_by_level(plan, posts=posts, reach=reach)
        known = {view["name"]: view for view in views(plan, {"grid": figures["grid"]}, lang)}
        check_keys([name], ("community", *known), "view")
        grid = known[name]["levels"]["grid"]
        keys = [(colour, text) for place, (colour, text) in enumerate(grid["keys"]) if place in grid["of"]]
        title = known[name]["said"] if known[name].get("counted") else ""
        return cls([grid["keys"][of][0] for of in grid["of"]], keys, title)


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture that a notebook shows by itself; ``png`` are its bytes, ``figure`` the same for matplotlib."""

    figure: Figure
    png: bytes

    def save(self, path: str | FilePath) -> FilePath:
        """Write it as a PNG file, whole or not at all."""
        return write_bytes(path, self.png)

    def _repr_png_(self) -> bytes:
        return self.png


def picture(
    plan: Plan,
    *,
    view: str = "community",
    stages: Mapping[str, pd.DataFrame | None] = MappingProxyType({}),
    marks: gpd.GeoDataFrame | gpd.GeoSeries | None = None,
    lang: str = "zh",
) -> Picture:
    """The map of `city_figure` for a notebook; ``stages`` are posts and reach, ``marks`` places to show as dots."""
    lang = lettering().language(lang)
    figure = city_figure(plan, view=View.of(plan, view, lang, **stages), lang=lang)
    if marks is not None and len(marks):
        _mark(figure.axes[0], marks.geometry.to_crs(plan.city.crs))
    return Picture(figure, png(figure))


def _mark(axes: Axes, places: gpd.GeoSeries) -> None:
    """A dot at each place, below the names."""
    known = places[places.notna() & ~places.is_empty]
    at = shapely.get_coordinates(shapely.point_on_surface(known.to_numpy()))
    size = MARK_SIZE if len(at) > FEW_MARKS else 5 * MARK_SIZE
    axes.scatter(at[:, 0], at[:, 1], s=size, color=MARK, edgecolors="white", linewidths=0.3, zorder=4.5)


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
            axes.add_collection(
                PathCollection(paths(np.array(areas, dtype=object)), facecolors=colour, linewidths=0, zorder=2)
            )
        if lines:
            axes.add_collection(LineCollection(lines, colors=colour, linewidths=width, zorder=2))


def _decisions(axes: Axes, plan: Plan, drawn: Outlines) -> None:
    outlines = [drawn.paths[grid] for grid in np.flatnonzero(decision_classes(plan) == "decide")]
    if outlines:
        axes.add_collection(
            PathCollection(outlines, facecolors="none", edgecolors=OUTLINE, linewidths=1.5, linestyles="--", zorder=4)
        )


def _place_borders(axes: Axes, drawn: Outlines, hued: str) -> None:
    """The borders of communities, those of the level that is named stronger."""
    for level, width in _border_widths(hued).items():
        edges = paths(drawn.places[level])
        axes.add_collection(PathCollection(edges, facecolors="none", edgecolors=BORDER, linewidths=width, zorder=3))


def _border_widths(hued: str) -> dict[str, float]:
    """Points of the border of each level that is drawn, the named one last."""
    return {"community": 0.5, hued: 1.3}


def _place_names(
    axes: Axes, names: pd.Series[str], shapes: NDArray[np.object_], *, letters: Lettering, width: float
) -> None:
    """Names where they do not cover each other, the largest places first; ``width`` of the picture in inches."""
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


def _map_legend(figure: Figure, plan: Plan, view: View, *, letters: Lettering, lang: str) -> None:
    handles: list[Patch | Line2D] = [Patch(facecolor=colour, label=text) for colour, text in view.keys]
    for level, width in _border_widths(hue_level(plan)).items():
        said = say("place_border", lang, level=label(level, lang))
        handles.append(Line2D([], [], color=BORDER, linewidth=width, label=said))
    if (decision_classes(plan) == "decide").any() and not any(
        colour == DECISION_COLOURS["decide"] for colour, _ in view.keys
    ):
        handles.append(Line2D([], [], color=OUTLINE, linewidth=1.5, linestyle="--", label=say("decide_outline", lang)))
    _fit_legend(figure, handles, letters, title=view.title)


def _fit_legend(figure: Figure, handles: list[Patch | Line2D], letters: Lettering, *, title: str) -> None:
    """Draw the legend in as many columns as the picture is wide; the picture grows where its strip is too low."""
    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    for columns in range(MOST_COLUMNS, 0, -1):
        legend = figure.legend(
            handles=handles,
            prop=letters.font(8.5),
            loc="lower center",
            ncols=columns,
            frameon=False,
            columnspacing=1.4,
            title=title or None,
            title_fontproperties=letters.font(8.5, "bold"),
        )
        for text in (legend.get_title(), *legend.get_texts()):
            text.set_color(INK)
            text.set_parse_math(False)
        box = legend.get_window_extent(renderer)
        if columns == 1 or box.width <= figure.bbox.width:
            break
        legend.remove()
    _grow(figure, max(box.height / figure.dpi - LEGEND_STRIP, 0.0))


def _grow(figure: Figure, more: float) -> None:
    """Inches that the picture gets below its map, which keeps its size."""
    width, height = figure.get_size_inches()
    before = figure.axes[0].get_position()
    figure.set_size_inches(width, height + more)
    north = (before.y1 * height + more) / (height + more)
    south = (before.y0 * height + more) / (height + more)
    figure.axes[0].set_position((before.x0, south, before.width, north - south))


def png(figure: Figure) -> bytes:
    """The same picture gives the same bytes: no date, no version."""
    content = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(content, format="png", metadata={"Software": None})
    return content.getvalue()
