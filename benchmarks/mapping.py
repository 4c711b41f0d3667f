"""The offline map of a large city: the size of its page, when a browser shows it, and how it follows the hand."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.jobs import Job, Store
from benchmarks.locating import drawn_grids
from benchmarks.methods import MAPPING
from benchmarks.tables import number, percent, table

TITLE = "The offline map of a large city"
MINUTES = 4
BESIDE = 1

SIZES = (1_000, 6_257)
"""Grids: a county's, and those that Changzhou reports, whose homes are too many for the page to hold."""

OPENINGS = 5
"""How often a page is opened, each time in a browser of its own."""

MOVES = 30
"""Frames of a pan; the zoom has one a half step, in and out again."""

A_COMMUNITY, A_TOWNSHIP, A_COUNTY = 6, 15, 10
"""Grids, communities and townships of the next level above, about."""

MOVED = """(async () => {
  const map = map_gridopt, frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
  const timed = async (moves) => {
    const spent = [];
    for (const move of moves) {
      const begun = performance.now();
      move();
      await frame();
      spent.push(performance.now() - begun);
    }
    return spent;
  };
  const data = JSON.parse(document.getElementById("gridopt-data").textContent), grids = data.places.grid;
  const shown = () => {
    const canvas = document.querySelector(".leaflet-fill-pane canvas"), box = canvas.getBoundingClientRect();
    const pen = canvas.getContext("2d"), scale = canvas.width / box.width;
    const pixels = pen.getImageData(0, 0, canvas.width, canvas.height).data;
    const ground = map.getContainer().getBoundingClientRect();
    let inView = 0, drawn = 0;
    grids.x.forEach((x, i) => {
      const at = map.latLngToContainerPoint([grids.y[i] / 1e6, x / 1e6]);
      if (at.x < 0 || at.y < 0 || at.x >= ground.width || at.y >= ground.height) return;
      inView += 1;
      const inside = [at.x + ground.left - box.left, at.y + ground.top - box.top];
      const [px, py] = inside.map((one) => Math.floor(one * scale));
      drawn += pixels[4 * (py * canvas.width + px) + 3] > 0;
    });
    return { inView, drawn };
  };
  const first = shown(), whole = map.getZoom(), centre = map.getCenter();
  const by = (x, y) => () => map.panBy([x, y], { animate: false });
  const to = (zoom) => () => map.setZoom(zoom, { animate: false });
  const pan = await timed(Array.from({ length: MOVES }, (_, i) => (i % 2 ? by(-60, 20) : by(90, -10))));
  const halves = [1, 2, 3, 4, 5, 6].map((half) => whole + half / 2);
  const zoom = await timed([...halves.map(to), ...[...halves].reverse().map(to)]);
  map.setView(centre, whole + 3, { animate: false });
  const panInside = await timed(Array.from({ length: MOVES }, (_, i) => (i % 2 ? by(-60, 20) : by(90, -10))));
  map.setView(centre, whole, { animate: false });
  await frame();
  return { pan, zoom, panInside, first, last: shown() };
})()"""
"""Pans and zooms frame by frame, and counts the grids in view whose label point has a colour on the canvas."""


def jobs(*, quick: bool) -> list[Job]:
    """One map a size."""
    return [Job(MAPPING, f"map-{grids}", (0,)) for grids in (SIZES[:1] if quick else SIZES)]


def measure(job: Mapping[str, Any]) -> dict[str, Any]:
    """Write the page, open it in one headless Chromium after another, then move it."""
    from gridopt.publish.maps import write_map

    plan, posts, reach = drawn_city(int(job["instance"].split("-")[1]))
    with tempfile.TemporaryDirectory() as place:
        cpu = time.process_time()
        page = write_map(plan, Path(place) / "map.html", posts=posts, reach=reach)
        written = time.process_time() - cpu
        corners = float(plan.grids.geometry.count_coordinates().mean())
        facts = {"grids": len(plan.grids), "corners": corners}
        row = {"seed": 0, **facts, "written_cpu": written, "bytes": page.stat().st_size, **_opened(page)}
    return {"rows": [row], "memory": row["heap_mb"]}


def drawn_city(n_grids: int) -> tuple[Any, Any, Any]:
    """A city whose grids are given, assessed as any other drawing; its posts, and its reach."""
    import pandas as pd

    import gridopt as go

    rng = np.random.default_rng(4)
    cells = bent(drawn_grids(n_grids))
    communities = _communities(cells)
    of = cells["community_id"].to_numpy()
    units = cells.drop(columns="grid_code").set_index(pd.Index("u" + cells["grid_code"], name="unit_id"))
    units["households"] = np.where(units["area_kind"] == "rural", 250, 400) + rng.integers(-110, 110, len(units))
    units["residents"] = np.round(units["households"] * 2.6)
    layers = {"units": units, "roads": _roads(units, rng), "facilities": _facilities(communities)}
    city = go.City.from_tables(communities, name="常州市", **layers)
    numbers = pd.Series(of).groupby(of).cumcount() + 1
    codes = pd.Series(of, units.index) + numbers.astype(str).str.zfill(3).to_numpy()
    plan = go.assess(city, codes.rename("grid_code"))
    return plan, go.staff(plan), go.reach(plan)


def bent(grids: Any) -> Any:
    """The same tiling under waves of some hundred metres and of some ten, so that no border stays straight."""
    import shapely

    def waved(xy: Any) -> Any:
        # To the centimetre first: points set along a line from its one end and from its other end are one point then.
        xy = np.round(xy, 2)
        east, north = xy.T
        return xy + np.stack(
            [
                400 * np.sin(north / 4_000) + 12 * np.sin(north / 90 + east / 310),
                400 * np.sin(east / 5_000) + 12 * np.sin(east / 80 - north / 270),
            ],
            axis=-1,
        )

    return grids.set_geometry(shapely.transform(grids.geometry.to_numpy(), waved), crs=grids.crs)


def _communities(cells: Any) -> Any:
    """Communities, townships and counties of neighbouring cells, whose ids are written into the cells."""
    import pandas as pd

    centres = np.asarray(cells.geometry.representative_point().get_coordinates())
    township_sized = max(len(cells) // (A_COMMUNITY * A_TOWNSHIP), 1)
    numbers = (township_sized // A_COUNTY, township_sized, len(cells) // A_COMMUNITY)
    county, township, community = (_nearest(centres, max(number, 1)) for number in numbers)
    # A community belongs where most of its cells do, and a township likewise.
    township = _most(community, township)
    county = _most(township, county)
    ids = [f"3204{a:02d}{b:03d}{c:03d}" for a, b, c in zip(county, township, community, strict=True)]
    cells["community_id"] = ids
    whole = cells[["community_id", "geometry"]].dissolve("community_id", method="coverage")
    whole["community"] = [f"滨河{one[-3:]}社区" for one in whole.index]
    whole["township_id"], whole["county_id"] = whole.index.str[:9], whole.index.str[:6]
    whole["township"] = [f"运河{one[-3:]}街道" for one in whole["township_id"]]
    whole["county"] = [f"第{one[-2:]}区" for one in whole["county_id"]]
    whole["area_kind"] = np.where(np.arange(len(whole)) % 4 == 3, "rural", "urban")
    cells["area_kind"] = pd.Series(whole["area_kind"])[ids].to_numpy()
    return whole


def _nearest(centres: Any, number: int) -> Any:
    """For each place the nearest of as many seeds, drawn from the places themselves; numbers start at 1."""
    from scipy.spatial import cKDTree

    seeds = np.random.default_rng(number).choice(len(centres), number, replace=False)
    return cKDTree(centres[seeds]).query(centres)[1] + 1


def _most(inner: Any, outer: Any) -> Any:
    """The outer place of each row: the one that most rows of its inner place lie in."""
    import pandas as pd

    pairs = pd.Series(outer).groupby(inner)
    return pairs.transform(lambda owners: owners.mode().iloc[0]).to_numpy()


def _roads(units: Any, rng: Any) -> Any:
    """Winding streets every 800 m both ways, every eighth a main road."""
    import geopandas as gpd
    import shapely

    west, south, east, north = units.total_bounds
    lines = []
    for start, end, low, high in ((west, east, south, north), (south, north, west, east)):
        along = np.linspace(start, end, 200)
        for level in np.arange(low, high, 800.0):
            across = level + 90 * np.sin(along / 3_000 + rng.uniform(0, 2 * np.pi))
            lines.append(shapely.LineString(np.c_[along, across] if low == south else np.c_[across, along]))
    kinds = np.where(np.arange(len(lines)) % 8 == 0, "primary", "residential")
    named = {"name": [f"运河{one}路" for one in range(len(lines))], "class": kinds}
    return gpd.GeoDataFrame(named, geometry=lines, crs=units.crs)


def _facilities(communities: Any) -> Any:
    """A room in every community, a service centre in every sixth."""
    import geopandas as gpd
    import pandas as pd

    rooms = gpd.GeoDataFrame(
        {"name": communities["community"] + "警务室", "tier": "1"}, geometry=communities.representative_point()
    )
    centres = rooms.iloc[::6].assign(tier="2", name=rooms["name"].iloc[::6].str.replace("警务室", "中心"))
    return gpd.GeoDataFrame(pd.concat([rooms, centres], ignore_index=True), crs=communities.crs)


def _opened(page: Path) -> dict[str, Any]:
    from tests.devtools import opened, paints

    first, drawn = [], []
    for _ in range(OPENINGS):
        with opened() as tab:
            seen = paints(tab, page)
            first.append(seen["first-contentful-paint"])
            drawn.append(seen["drawn"])
    with opened() as tab:
        paints(tab, page)
        tab.ask("HeapProfiler.enable")
        tab.ask("HeapProfiler.collectGarbage")
        heap = tab.ask("Runtime.getHeapUsage")["usedSize"] / 1e6
        moved = tab.value(MOVED.replace("MOVES", str(MOVES)))
    frames = {name: moved[name] for name in ("pan", "zoom", "panInside")}
    return {"first": first, "drawn": drawn, "heap_mb": heap, **frames, "shown": [moved["first"], moved["last"]]}


def report(store: Store, *, quick: bool) -> str:
    """One row a map: its size, when it is seen, what it holds in memory, and milliseconds of a move."""
    head = ["grids", "corners a grid", "page MB", "first paint s", "worst", "all drawn s", "worst", "heap MB",
            "pan ms", "worst", "zoom ms", "worst", "pan inside ms", "worst", "grids drawn after moving"]  # fmt: skip
    rows = []
    for job in jobs(quick=quick):
        found = store.get(job)
        if found is None or not found.answered:
            continue
        row = found.answered[0]
        seconds = [figure for name in ("first", "drawn") for figure in (statistics.median(row[name]), max(row[name]))]
        frames = [
            figure for name in ("pan", "zoom", "panInside") for figure in (statistics.median(row[name]), max(row[name]))
        ]
        rows.append(
            [
                *(number(row[name], 0) for name in ("grids", "corners")), number(row["bytes"] / 1e6),
                *(number(one, 2) for one in seconds), number(row["heap_mb"], 0), *(number(one, 0) for one in frames),
                percent(row["shown"][1]["drawn"] / row["grids"]),
            ]
        )  # fmt: skip
    told = (
        f"`map.html` of a synthetic city with posts and reach in headless Chromium, 1200 x 800 points, drawn by the "
        f"processor: median and worst of {OPENINGS} openings, each in a browser of its own; the heap after collecting "
        "garbage; a frame of panning and zooming the whole city and inside it, median and worst. A grid counts as "
        "drawn where its label point has a colour."
    )
    return f"{told}\n\n{table(head, rows)}"
