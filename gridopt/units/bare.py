"""Land where nothing tells where people live: evenly spread points stand for them."""

from __future__ import annotations

import numpy as np
import shapely

from gridopt.units.nearest import Shapes

POINTS_IN_A_UNIT = 9.0
"""Points that stand for the people of a unit where no building and no raster cell does."""


def spread(shape: shapely.Geometry, number: float) -> Shapes:
    """About so many points on a square lattice inside a polygon."""
    side = float(np.sqrt(shape.area / number))
    west, south, east, north = (int(np.floor(bound / side)) for bound in shape.bounds)
    x, y = np.meshgrid(np.arange(west, east + 1) + 0.5, np.arange(south, north + 1) + 0.5)
    points = shapely.points(x.ravel() * side, y.ravel() * side)
    shapely.prepare(shape)
    return np.asarray(points[shapely.contains_properly(shape, points)], object)
