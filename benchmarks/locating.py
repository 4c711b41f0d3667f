"""Points to grids: as many events as a large city has in a year, located in as many grids as it has, on one core."""

from __future__ import annotations

import resource
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.jobs import Job, Store
from benchmarks.methods import LOCATING
from benchmarks.tables import number, percent, table

TITLE = "Points to grids"
MINUTES = 2
BESIDE = 1

SIZES = ((1_000, 100_000), (10_840, 1_500_000))
"""Grids and points: a county's, and those that Xuzhou reports of a year."""

SIDE = 100_000.0
"""Metres of the square that the grids fill; points lie up to 2 km beyond it."""

CORNERS = 20_000
"""Points laid on corners of grids, where two or three of them meet."""


def jobs(*, quick: bool) -> list[Job]:
    """One run a size and a CRS of the points."""
    sizes = SIZES[:1] if quick else SIZES
    return [Job(LOCATING, f"points-{grids}-{points}", (0,), {"crs": crs}) for grids, points in sizes for crs in _CRS]


_CRS = ("EPSG:4549", "EPSG:4326")


def measure(job: Mapping[str, Any]) -> dict[str, Any]:
    """Locate once a few points, to load every library, then all of them, measured."""
    from gridopt.locate import locate

    n_grids, n_points = (int(part) for part in job["instance"].split("-")[1:])
    grids = drawn_grids(n_grids)
    points = scattered(grids, n_points).to_crs(job["options"]["crs"])
    locate(grids, points.iloc[:1000])
    wall, cpu = time.perf_counter(), time.process_time()
    found = locate(grids, points)
    spent = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    corners = float(grids.geometry.count_coordinates().mean())
    facts = {"grids": len(grids), "points": len(points), "corners": corners}
    inside = float(found["grid_code"].notna().mean())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"rows": [{"seed": 0, **spent, **facts, "inside": inside}], "memory": memory}


def drawn_grids(n_grids: int) -> Any:
    """Ragged grids that tile a square: cells of scattered points, each joined to the nearest of ``n_grids`` centres."""
    import geopandas as gpd
    import shapely
    from scipy.spatial import cKDTree

    rng = np.random.default_rng(1)
    centres = rng.uniform(0, SIDE, (n_grids, 2))
    seeds = np.vstack([centres, rng.uniform(0, SIDE, (10 * n_grids, 2))])
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(seeds), ordered=True))
    owners = cKDTree(centres).query(seeds)[1]
    pieces = shapely.clip_by_rect(cells, 0, 0, SIDE, SIDE)
    layer = gpd.GeoDataFrame({"grid_code": [f"{one:06d}" for one in owners]}, geometry=pieces, crs=_CRS[0])
    grids = layer.dissolve("grid_code", method="coverage").reset_index()
    return grids.set_geometry(grids.translate(500_000, 3_500_000).segmentize(60))


def scattered(grids: Any, n_points: int) -> Any:
    """Points all over the grids and a little beyond, some of them on corners."""
    import geopandas as gpd
    import shapely

    rng = np.random.default_rng(2)
    west, south, east, north = grids.total_bounds
    xy = rng.uniform((west - 2000, south - 2000), (east + 2000, north + 2000), (n_points, 2))
    corners = shapely.get_coordinates(grids.geometry.to_numpy())
    n_corners = min(CORNERS, n_points // 10)
    xy[:n_corners] = corners[rng.integers(0, len(corners), n_corners)]
    return gpd.GeoSeries.from_xy(*xy.T, crs=grids.crs)


def report(store: Store, *, quick: bool) -> str:
    """One table: sizes, time and memory."""
    rows = []
    for job in jobs(quick=quick):
        outcome = store.get(job)
        if outcome and outcome.answered:
            row = outcome.answered[0]
            rows.append(
                [
                    job.options["crs"], number(row["grids"], 0), number(row["corners"], 0), number(row["points"], 0),
                    percent(row["inside"]), number(row["wall"]), number(row["cpu"]), number(outcome.memory, 0),
                ]
            )  # fmt: skip
    head = ["points in", "grids", "corners a grid", "points", "inside a grid", "wall s", "CPU s", "peak MB"]
    told = (
        "`go.locate` on one thread: points over ragged grids of EPSG:4549 and up to 2 km beyond, each with its grid or "
        "the nearest and its distance; points in degrees are reprojected first."
    )
    return f"{told}\n\n{table(head, rows)}"
