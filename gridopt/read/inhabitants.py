"""Who and what lies inside a piece of land: buildings, households and residents, as far as the layers tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridopt.overlay import Shapes

PEOPLE = ("households", "residents")
HALF = 0.5
"""Share of a footprint from which on a building lies inside."""

LISTED = 50


@dataclass(frozen=True, eq=False)
class Inhabitants:
    """The buildings of a city, and the first of the layers that says where its people live.

    ``people`` is a table with shapes and counts: buildings with households, else units, else the cells
    of a raster; None where no layer tells.
    """

    buildings: pd.DataFrame | None = None
    people: pd.DataFrame | None = None

    @classmethod
    def of(cls, layers: Mapping[str, pd.DataFrame]) -> Inhabitants:
        """From the layers of a city by their names."""
        tables = [layers.get(name) for name in ("buildings", "units", "population_cells")]
        known = [table for table in tables if table is not None and _tells(table)]
        return cls(tables[0], known[0] if known else None)

    def has_building(self, shapes: Shapes) -> NDArray[np.bool_]:
        """Whether a building lies inside each polygon."""
        return self.buildings_in(shapes) > 0

    def buildings_in(self, shapes: Shapes) -> NDArray[np.int64]:
        """The number of buildings inside each polygon."""
        return np.bincount(self._inside(shapes)[0], minlength=len(shapes)).astype(np.int64)

    def facts(self, shapes: Shapes) -> dict[str, object]:
        """Columns about each polygon: ``buildings``, ``building_ids`` (text, ;), ``households``, ``residents``."""
        shape, building = self._inside(shapes)
        ids = np.empty(0, object) if self.buildings is None else self.buildings.index.to_numpy(object)
        listed = [";".join(sorted(ids[building[shape == one]])[:LISTED]) for one in range(len(shapes))]
        counts = np.bincount(shape, minlength=len(shapes)).astype(np.int64)
        return {"buildings": counts, "building_ids": listed} | {name: self._sum(name, shapes) for name in PEOPLE}

    def _inside(self, shapes: Shapes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Positions of (shape, building) wherever at least half of a footprint, or its point, lies inside."""
        if self.buildings is None or not len(shapes):
            return np.empty(0, np.int64), np.empty(0, np.int64)
        houses = self.buildings["geometry"].to_numpy()
        shape, house = shapely.STRtree(houses).query(shapes, predicate="intersects")
        within = shapely.area(shapely.intersection(shapes[shape], houses[house])) >= HALF * shapely.area(houses[house])
        return shape[within], house[within]

    def _sum(self, measure: str, shapes: Shapes) -> NDArray[np.float64]:
        """The counts inside each polygon, by the share of each row's area in it; NaN where no layer tells."""
        if self.people is None or measure not in self.people or self.people[measure].isna().all():
            return np.full(len(shapes), np.nan)
        places, counts = self.people["geometry"].to_numpy(), self.people[measure].fillna(0.0).to_numpy(float)
        shape, place = shapely.STRtree(places).query(shapes, predicate="intersects")
        areas = shapely.area(places[place])
        shared = shapely.area(shapely.intersection(shapes[shape], places[place]))
        share = np.where(areas > 0, shared / np.where(areas > 0, areas, 1.0), 1.0)
        sums = np.bincount(shape, weights=share * counts[place], minlength=len(shapes))
        return np.round(sums, 1)


def _tells(table: pd.DataFrame) -> bool:
    return "geometry" in table and any(name in table and table[name].notna().any() for name in PEOPLE)
