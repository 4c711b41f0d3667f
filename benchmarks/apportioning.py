"""People put where they live, against the truth: Wanhua's base areas hidden, its villages' totals shared out.

Every way of gridopt is `make_units` on the same city with other layers; tobler's are its own functions from villages
to base areas.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.jobs import Job, Store
from benchmarks.layers import PROJECTS
from benchmarks.methods import APPORTIONED, TOBLER
from benchmarks.tables import number, percent, table

TITLE = "People put where they live"
MINUTES = 2
BESIDE = 1

PLACE = "wanhua"
MEASURES = ("households", "residents")
RASTER = "../shared/data/gis/taipei_wanhua/population_50m_derived.tif"
MASK_CELL = 5.0
"""Metres of a cell of the raster of footprints that tobler's masked interpolation is given."""

PYCNO_CELL = 50.0
OURS = {
    "area of base areas": "naive area weighting",
    "buildings": "**gridopt**, buildings alike",
    "footprint": "**gridopt**, footprints",
    "footprint x height": "**gridopt**, footprint x height",
    "floor area": "**gridopt**, floor area (default)",
    "raster": "**gridopt**, raster of 50 m (made of the truth)",
}
THEIRS = {
    "area_interpolate": "tobler, area_interpolate",
    "masked_area_interpolate": "tobler, masked_area_interpolate (footprints)",
    "pycno_interpolate": "tobler, pycno_interpolate",
}
Counts = dict[str, np.ndarray[Any, np.dtype[np.float64]]]


def jobs(*, quick: bool) -> list[Job]:
    """One job a way."""
    ours = [Job(APPORTIONED, PLACE, (0,), {"by": name}) for name in OURS]
    return ours[:2] if quick else [*ours, *(Job(TOBLER, PLACE, (0,), {"by": name}) for name in THEIRS)]


def measure(job: Mapping[str, Any]) -> dict[str, Any]:
    """Counts of the base areas by one way, scored against those that were hidden."""
    import resource

    import gridopt as go

    city = go.read_city(PROJECTS / f"{job['instance']}.toml")
    truth = go.make_units(city)
    totals = truth.groupby("community_id")[list(MEASURES)].sum()
    way = job["options"]["by"]
    found = _theirs(way, city, truth, totals) if job["method"] == TOBLER else _ours(way, city, totals)
    facts = {measure: _scores(found[measure], measure, truth, totals) for measure in MEASURES}
    return {"rows": [{"seed": 0, **facts}], "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def _ours(way: str, city: Any, totals: pd.DataFrame) -> Counts:
    import gridopt as go

    layers = {"units": city.layer("units").drop(columns=list(MEASURES))}
    buildings = city.layer("buildings")
    if way == "raster":
        layers["population_cells"] = _cells(city)
    elif way != "area of base areas":
        layers["buildings"] = buildings.assign(floor_area=_weights(way, buildings))
    units = go.make_units(city.replace(communities=city.communities.assign(**totals), layers=layers))
    return {measure: units[measure].to_numpy(float) for measure in MEASURES}


def _weights(way: str, buildings: Any) -> pd.Series:
    footprints = buildings.geometry.area
    weights: dict[str, pd.Series] = {
        "buildings": footprints * 0 + 1,
        "footprint": footprints,
        "footprint x height": footprints * buildings["height"],
        "floor area": buildings["floor_area"],
    }
    return weights[way]


def _cells(city: Any) -> Any:
    from gridopt.read.project import LayerSpec
    from gridopt.read.raster import read_population_cells

    file = PROJECTS.parents[1] / RASTER
    return read_population_cells(LayerSpec("population", RASTER, file), city.communities).table


def _theirs(way: str, city: Any, truth: Any, totals: pd.DataFrame) -> Counts:
    import tobler

    villages = city.communities[["geometry"]].join(totals).reset_index(drop=True)
    areas, names = truth[["geometry"]].reset_index(drop=True), list(MEASURES)
    if way == "pycno_interpolate":
        found = tobler.pycno.pycno_interpolate(villages, areas, variables=names, cellsize=PYCNO_CELL, handle_null=False)
    elif way == "area_interpolate":
        found = tobler.area_weighted.area_interpolate(villages, areas, extensive_variables=names)
    else:
        masked = partial(tobler.dasymetric.masked_area_interpolate, villages, areas, extensive_variables=names)
        with tempfile.TemporaryDirectory() as place:
            raster = _footprints(city.layer("buildings"), Path(place) / "footprints.tif")
            found = masked(raster=str(raster), pixel_values=[1], n_jobs=1)
    return {measure: found[measure].fillna(0.0).to_numpy(float) for measure in MEASURES}


def _footprints(buildings: Any, file: Path) -> Path:
    """A raster of 1 where a building stands, for the masked interpolation."""
    import rasterio
    from rasterio.features import rasterize
    from rasterio.transform import from_origin

    west, south, east, north = buildings.total_bounds
    shape = int((north - south) // MASK_CELL) + 1, int((east - west) // MASK_CELL) + 1
    transform = from_origin(west, north, MASK_CELL, MASK_CELL)
    burnt = rasterize(buildings.geometry, out_shape=shape, transform=transform, dtype="uint8")
    form = {"driver": "GTiff", "height": shape[0], "width": shape[1], "count": 1, "dtype": "uint8", "nodata": 255}
    with rasterio.open(file, "w", crs=buildings.crs, transform=transform, **form) as raster:
        raster.write(burnt, 1)
    return file


def _scores(found: Any, measure: str, truth: Any, totals: pd.DataFrame) -> dict[str, float]:
    """Errors over the base areas whose count is known; what is put into others is an error by what it takes away."""
    known = truth["people_known"].to_numpy(bool)
    total = totals[measure].reindex(truth["community_id"]).to_numpy(float)[known]
    told, true = np.asarray(found, float)[known], truth[measure].to_numpy(float)[known]
    ranks = [pd.Series(one).rank().to_numpy() for one in (told, true)]
    return {
        "areas": float(known.sum()),
        "share_error": float(np.abs(told / total - true / total).mean()),
        "misplaced": float(np.maximum(true - told, 0.0).sum() / true.sum()),
        "rank_correlation": float(np.corrcoef(ranks)[0, 1]),
    }


def report(store: Store, *, quick: bool) -> str:
    """One row a way."""
    head = ["shared out by", "residents: share error", "misplaced", "rank correlation",
            "households: share error", "misplaced", "rank correlation"]  # fmt: skip
    rows = []
    for job in jobs(quick=quick):
        outcome = store.get(job)
        if outcome is not None and outcome.answered:
            facts = outcome.answered[0]
            rows.append(
                [(OURS | THEIRS)[job.options["by"]], *_cells_of(facts["residents"]), *_cells_of(facts["households"])]
            )
    told = (
        "Wanhua's 728 base areas of known people hidden, the totals of its 36 villages shared out to all 767 and "
        "compared: the mean absolute error of a base area's share of its village, the share of people put into a wrong "
        "base area, and Spearman's rank correlation of counts. The raster was itself made of the hidden counts: its "
        "row tells only what cells of 50 m lose. Heights of buildings are known, their use is not."
    )
    return f"{told}\n\n{table(head, rows)}"


def _cells_of(facts: Mapping[str, float]) -> list[str]:
    return [percent(facts["share_error"], 2), percent(facts["misplaced"]), number(facts["rank_correlation"], 3)]
