"""Tones that tell grids apart in black and white: greys and hatching drawn as lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gridopt.publish.colours import colour_numbers, neighbours
from gridopt.publish.sheets.paper import Page


@dataclass(frozen=True)
class Tone:
    """A grey, and the angles in degrees and the distance in millimetres of its hatching."""

    grey: str
    angles: tuple[float, ...] = ()
    step: float = 2.6


TONES = (
    Tone("#ffffff"),
    Tone("#d9d9d9"),
    Tone("#ffffff", (45.0,)),
    Tone("#bdbdbd"),
    Tone("#ffffff", (135.0,)),
    Tone("#f0f0f0", (0.0,), 2.0),
    Tone("#ffffff", (45.0, 135.0), 3.4),
)
HATCH = "#8c8c8c"


def tones_of(shapes: NDArray[np.object_]) -> list[Tone]:
    """A tone for each grid, so that neighbours differ."""
    numbers = colour_numbers(len(shapes), neighbours(shapes), len(TONES), spread=True)
    return [TONES[number] for number in numbers]


def fill(page: Page, shape: shapely.Geometry, tone: Tone) -> None:
    """Lay a tone over an area of the sheet."""
    page.polygons([shape], facecolors=tone.grey, edgecolors="none")
    for angle in tone.angles:
        page.lines([shapely.intersection(_rules(shape, angle, tone.step), shape)], colors=HATCH, linewidths=0.5)


def _rules(shape: shapely.Geometry, angle: float, step: float) -> shapely.Geometry:
    """Parallel lines over an area; they run on from one area to the next of the same tone."""
    turn = np.radians(angle)
    along, across = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    corners = shapely.get_coordinates(shapely.box(*shape.bounds))
    low, high = (corners @ across).min(), (corners @ across).max()
    offsets = np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step
    ends = np.array([(corners @ along).min(), (corners @ along).max()])
    lines = offsets[:, None, None] * across + ends[None, :, None] * along
    return shapely.multilinestrings(shapely.linestrings(lines))
