"""What part of the land a frame shows, at a round scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from gridopt.publish.sheets.paper import Box

SCALES = tuple(range(250, 1000, 50)) + tuple(range(1000, 2500, 250))
"""Scale denominators that are chosen from, and their multiples of 10, 100, ...; the largest scale that fits."""
ROOM = 0.06
"""Share of the frame left free on each side of what it shows."""


@dataclass(frozen=True)
class View:
    """A frame on the sheet and the land it shows: ``middle`` in metres lies in its middle, at 1:``denominator``."""

    frame: Box
    denominator: int
    middle: tuple[float, float]

    @classmethod
    def of(cls, bounds: Sequence[float], frame: Box) -> View:
        """The land within ``bounds`` as large as a round scale allows."""
        west, south, east, north = bounds
        needed = 1000 * max((east - west) / frame.width, (north - south) / frame.height) / (1 - 2 * ROOM)
        choices = (scale * 10**power for power in range(8) for scale in SCALES)
        denominator = next(scale for scale in sorted(set(choices)) if scale >= needed)
        return cls(frame, denominator, ((west + east) / 2, (south + north) / 2))

    @property
    def mm_per_metre(self) -> float:
        return 1000 / self.denominator

    @property
    def land(self) -> shapely.Polygon:
        """The rectangle of land in the frame, in metres."""
        x, y = self.middle
        half = np.array([self.frame.width, self.frame.height]) / 2 / self.mm_per_metre
        return shapely.box(x - half[0], y - half[1], x + half[0], y + half[1])

    def project(self, shapes: NDArray[np.object_]) -> NDArray[np.object_]:
        """Shapes from metres to millimetres on the sheet."""
        frame, scale = self.frame, self.mm_per_metre
        shift = np.array([frame.west + frame.east, frame.south + frame.north]) / 2 - np.array(self.middle) * scale
        moved: NDArray[np.object_] = shapely.transform(shapely.force_2d(shapes), lambda at: at * scale + shift)
        return moved

    def shown(self, shapes: NDArray[np.object_]) -> NDArray[np.object_]:
        """What the frame shows of shapes, on the sheet."""
        return self.project(shapely.intersection(shapes, self.land))

    def round_length(self, most: float) -> float:
        """The longest round length of land in metres that takes at most ``most`` millimetres."""
        wanted = most / self.mm_per_metre
        step = 10 ** np.floor(np.log10(wanted))
        return float(step * max(factor for factor in (1, 2, 5) if factor * step <= wanted))

    def rows(self, table: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame | None:
        """The rows of a layer that the frame shows, None where there are none."""
        if table is None or not len(table):
            return None
        seen = np.sort(table.sindex.query(self.land, predicate="intersects"))
        return table.iloc[seen] if len(seen) else None
