"""Units: the smallest pieces, never split, that tile every community; and the borders between them."""

from __future__ import annotations

from gridopt.units.borders import make_borders, neighbours_across
from gridopt.units.counts import assign_buildings
from gridopt.units.make import make_units

__all__ = ["assign_buildings", "make_borders", "make_units", "neighbours_across"]
