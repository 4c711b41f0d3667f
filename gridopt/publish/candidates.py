"""Where a layer without a CRS may lie: one small map for each likely system, with the line to paste."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from gridopt.publish.atomic import write_bytes
from gridopt.publish.markup import element, page, text
from gridopt.read.candidates import CAPITALS, Candidate, Unplaced, described, line_of
from gridopt.read.findings import UnplacedError

WIDTH, HEIGHT = 440, 320
MARGIN = 0.15
"""Share of a map's extent that is left free around what it shows."""

RING = 9
"""Radius of the ring around a layer that is too small to be seen."""

Shapes = NDArray[np.object_]

_STYLE = (
    "body{font:15px/1.5 'Noto Sans CJK SC','Microsoft YaHei','PingFang SC',sans-serif;margin:2rem auto;"
    "max-width:72rem;padding:0 1rem;color:#222}.row{display:flex;flex-wrap:wrap;gap:1.2rem}"
    "figure{margin:0;width:440px;max-width:100%}svg{width:100%;height:auto;border:1px solid #bbb;background:#fbfaf5}"
    "code{display:block;background:#f3f3f3;padding:.3rem .6rem;font-size:1rem;user-select:all}"
    ".known{color:#777}.layer{color:#e66101}p.fault{white-space:pre-wrap}"
)


def write_candidates(error: UnplacedError, file: str | Path, *, lang: str = "en") -> Path:
    """Write one HTML page, without network, that shows where a layer without a CRS may lie.

    Each candidate has a map of the layer (orange) beside what is known of the city (grey) or, without other
    layers, the nearest provincial capital; and the line that declares it.

    Raises:
        GridoptError: the target cannot be written.
    """
    zh = lang == "zh"
    unplaced = error.unplaced
    title = f"[layers.{unplaced.layer}]：坐标系待定" if zh else f"[layers.{unplaced.layer}]: which CRS?"
    figures = "".join(_figure(unplaced, one, number, lang) for number, one in enumerate(unplaced.found, 1))
    known = ("其他图层", "本图层", "北在上，四边为经纬度") if zh else (
        "the other layers", "this layer", "north is up; degrees at the edges")  # fmt: skip
    key = (
        f'<p><span class="layer">■</span> {text(known[1])}　<span class="known">■</span> {text(known[0])}　'
        f"{text(known[2])}</p>"
    )
    content = (
        f'{element("h1", title)}\n{element("p", error.text(lang), "fault")}\n{key}<div class="row">{figures}</div>'
    )
    return write_bytes(file, page(title, lang=lang, style=_STYLE, content=content).encode())


def _figure(unplaced: Unplaced, one: Candidate, number: int, lang: str) -> str:
    caption = f"{number}. {described(one, lang)}"
    words = f"<figcaption>{text(caption)}<code>{text(line_of(one))}</code></figcaption>"
    return f"<figure>{_map(unplaced, one, lang)}{words}</figure>"


def _map(unplaced: Unplaced, one: Candidate, lang: str) -> str:
    outlines = unplaced.outlines(one)
    known = np.empty(0, object) if unplaced.near is None else unplaced.near.to_numpy()
    capital = shapely.Point(*CAPITALS[one.capital])
    shown = np.concatenate([outlines, known if len(known) else np.array([capital], object)])
    frame = _Frame(shapely.total_bounds(shown))
    parts = [frame.path(known, 'fill="#ddd" stroke="#777"'), frame.path(outlines, 'fill="#e6610166" stroke="#e66101"')]
    corners = frame.place(np.array(one.bounds).reshape(2, 2))
    if np.abs(corners[1] - corners[0]).max() < 2 * RING:
        # Too small to be seen.
        x, y = corners.mean(axis=0)
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{RING}" fill="none" stroke="#e66101" stroke-width="2"/>')
    if not len(known):
        called = one.capital if lang == "zh" else "provincial capital"
        x, y = frame.place(np.array([[capital.x, capital.y]]))[0]
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"/><text x="{x + 7:.1f}" y="{y:.1f}">{called}</text>')
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-size="12">{"".join(parts)}{frame.edges()}</svg>'


class _Frame:
    """Degrees on a small map: as wide as high on the ground, with a margin."""

    def __init__(self, bounds: NDArray[np.float64]) -> None:
        west, south, east, north = (float(value) for value in bounds)
        self._middle = np.array([(west + east) / 2, (south + north) / 2])
        self._turn = float(np.cos(np.radians(self._middle[1])))
        extent = max((east - west) * self._turn / WIDTH, (north - south) / HEIGHT, 1e-6)
        self._scale = (1 - 2 * MARGIN) / extent

    def place(self, degrees: NDArray[np.float64]) -> NDArray[np.float64]:
        """Longitudes and latitudes as places on the map."""
        away = (degrees - self._middle) * np.array([self._turn, -1.0]) * self._scale
        return np.asarray(away + np.array([WIDTH / 2, HEIGHT / 2]), np.float64)

    def path(self, shapes: Shapes, style: str) -> str:
        """The outlines of shapes as one SVG path; points as small crosses."""
        pieces = []
        for part in shapely.get_parts(shapes):
            rings = [part.exterior, *part.interiors] if part.geom_type == "Polygon" else [part]
            for ring in rings:
                places = self.place(shapely.get_coordinates(ring))
                pairs = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
                pieces.append(f"M{pairs}" if len(places) > 1 else f"M{pairs}m-2,0h4m-2,-2v4")
        return f'<path d="{"".join(pieces)}" fill-rule="evenodd" {style}/>'

    def edges(self) -> str:
        """The longitudes and latitudes of the map's edges."""
        reach = np.array([WIDTH / 2 / self._turn, HEIGHT / 2]) / self._scale
        (west, south), (east, north) = self._middle - reach, self._middle + reach
        return (
            f'<g fill="#555"><text x="4" y="{HEIGHT / 2}">{west:.2f}°</text>'
            f'<text x="{WIDTH - 4}" y="{HEIGHT / 2}" text-anchor="end">{east:.2f}°</text>'
            f'<text x="{WIDTH / 2}" y="14" text-anchor="middle">{north:.2f}°</text>'
            f'<text x="{WIDTH / 2}" y="{HEIGHT - 5}" text-anchor="middle">{south:.2f}°</text></g>'
        )
