"""Hamlets in the hills: houses strung along the roads, nearest the middle of the hamlet first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridopt.plan.datasets.patterns import Shapes, boxes_at
from gridopt.plan.datasets.plots import HAMLETS
from gridopt.plan.datasets.town import Land

STEP = 15.5
"""Metres along the road from one house to the next."""

DEPTHS = (14.0, 31.0, 48.0)
"""Metres from the middle of the road to the middle of a house, row by row."""

NEAR, REACH = 90.0, 420.0
"""Metres from its middle within which a hamlet's roads pass, and its houses stand."""

GAP = 1.8
"""Metres that houses keep from each other."""

BETWEEN = 42.0
"""Metres that hamlets keep from each other."""

HOUSEHOLDS_A_HOUSE = 1.12


def hamlet_houses(land: Land, rng: np.random.Generator) -> pd.DataFrame:
    """The houses of all hamlets, one row each, numbered outwards from the middle of their hamlet."""
    taken = land.near_ways(margin=2.5)
    villages = land.communities.loc[land.communities["area_kind"].isin(["rural", "hill"])]
    parcels = land.parcels[land.parcels["community_id"].isin(villages["id"])]
    shapely.prepare(taken)
    tables: list[pd.DataFrame] = []
    built: Shapes = np.array([], dtype=object)
    for hamlet in HAMLETS:
        middle = land.bend.point(hamlet.x, hamlet.y)
        shapes = _candidates(land, middle, rng)
        parcel, row = _parcel_of(shapes, parcels.geometry.to_numpy())
        free = ~shapely.intersects(taken, shapes[row])
        close, _ = shapely.STRtree(built).query(shapes[row], predicate="dwithin", distance=BETWEEN)
        free[close] = False
        row, parcel = row[free], parcel[free]
        chosen = _apart(shapes[row])[: round(hamlet.households / HOUSEHOLDS_A_HOUSE)]
        houses = shapes[row[chosen]]
        built = np.concatenate([built, houses])
        addresses = [f"{hamlet.name}{number}号" for number in range(1, len(houses) + 1)]
        tables.append(
            pd.DataFrame(
                {
                    "use": "residential",
                    "floors": rng.choice([1, 2, 3], size=len(houses), p=[0.15, 0.55, 0.3]),
                    "dwellings": rng.choice([1, 2], size=len(houses), p=[0.8, 0.2]),
                    "geometry": houses,
                    "name": addresses,
                    "number": addresses,
                    "estate": "",
                    "group": hamlet.name,
                    "people": hamlet.households,
                    "plot_number": -1,
                    "parcel": parcels.index.to_numpy()[parcel[chosen]],
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def _candidates(land: Land, middle: Any, rng: np.random.Generator) -> Shapes:
    """Places for houses on both sides of the roads about a middle, the most central first."""
    places = [_along(road, rng) for road in land.roads.geometry if road.distance(middle) < NEAR]
    centres, angles, depths = (np.concatenate(parts) for parts in zip(*places, strict=True))
    away = np.hypot(*(centres - [middle.x, middle.y]).T)
    score = away + 1.3 * depths + rng.uniform(0, 25, len(away))
    order = np.argsort(score, kind="stable")
    order = order[away[order] < REACH]
    sizes = np.column_stack([rng.uniform(9, 13.5, len(order)), rng.uniform(8.5, 11, len(order))])
    return boxes_at(centres[order], sizes, angles[order])


def _along(road: Any, rng: np.random.Generator) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """(centres, angles, depths) of places along one road."""
    stations = np.arange(STEP, shapely.length(road) - STEP / 2, STEP)
    foot, ahead = (
        shapely.get_coordinates(shapely.line_interpolate_point(road, stations + step)) for step in (0.0, 2.0)
    )
    course = ahead - foot
    angle = np.arctan2(course[:, 1], course[:, 0])
    left = np.column_stack([-np.sin(angle), np.cos(angle)])
    depths = np.array([side * depth for depth in DEPTHS for side in (1, -1)])
    centres = foot[:, None] + left[:, None] * depths[None, :, None]
    centres += rng.normal(0, 1.4, centres.shape)
    angles = np.repeat(angle, len(depths)) + rng.normal(0, 0.05, centres.shape[0] * centres.shape[1])
    return centres.reshape(-1, 2), angles, np.tile(np.abs(depths), len(stations))


def _parcel_of(shapes: Shapes, parcels: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(parcel, shape) for the shapes that lie well inside one parcel, in the order of the shapes."""
    tree = shapely.STRtree(shapely.buffer(parcels, -4.0))
    row, parcel = tree.query(shapes, predicate="within")
    order = np.argsort(row, kind="stable")
    return parcel[order], row[order]


def _apart(shapes: Shapes) -> NDArray[np.int64]:
    """Positions of shapes that keep their distance from every kept one before them."""
    one, other = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=GAP)
    before: list[list[int]] = [[] for _ in shapes]
    for i, j in zip(one, other, strict=True):
        if j < i:
            before[i].append(int(j))
    kept = np.zeros(len(shapes), dtype=bool)
    for i, earlier in enumerate(before):
        kept[i] = not any(kept[j] for j in earlier)
    return np.flatnonzero(kept)
