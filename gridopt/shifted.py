"""What speaks for points that lie some hundred metres off, as GCJ-02 and BD-09 coordinates taken for WGS84 do."""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from gridopt.coordinates import CHINA

Row = TypeVar("Row", bound=np.generic)

FEWEST = 20
"""Points below which nothing is said."""

_SAMPLE = 2_000


def sample(points: NDArray[Row]) -> NDArray[Row]:
    """Some 2,000 of many rows, evenly over all of them."""
    return points[:: max(len(points) // _SAMPLE, 1)]


def is_chinese(longitude: float, latitude: float) -> bool:
    """True inside the box outside which no offset applies; degrees."""
    west, south, east, north = CHINA
    return bool(west <= longitude <= east and south <= latitude <= north)


def is_clearly_better(fits: float, moved: float, count: int, least: float) -> bool:
    """True where the share that fits once moved beats the share as given by ``least`` and three standard errors."""
    return moved - fits >= max(least, 3 * math.sqrt(fits * (1 - fits) / count))
