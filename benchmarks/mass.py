"""Mass: the whole command on synthetic cities of 10,000 to 1,000,000 buildings, from files on disk to the folder."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.cities import write_city
from benchmarks.jobs import Job, Store
from benchmarks.layers import drawn
from benchmarks.methods import WHOLE_RUN
from benchmarks.tables import number, table

TITLE = "Cities of very many buildings"
MINUTES = 7
BESIDE = 1
"""One job at a time: wall time counts here."""

CITIES = ("mass-10000-51", "mass-100000-51", "mass-1000000-51")
WORKERS = 2
FASTEST_OF = {CITIES[0]: 3, CITIES[1]: 3}
"""Runs of the smaller cities: whatever else the machine does can only slow one down."""


def jobs(*, quick: bool) -> list[Job]:
    """Three cities, each ten times as large as the one before; the first alone where it should be quick."""
    return [Job(WHOLE_RUN, name, (0,), {"workers": WORKERS}) for name in (CITIES[:1] if quick else CITIES)]


def measure(job: Mapping[str, Any]) -> dict[str, Any]:
    """Make the city; draw a small one to compile and cache the kernels; then the city, measured."""
    with tempfile.TemporaryDirectory() as place:
        workers = ["--workers", str(job["options"]["workers"])]
        small, city = (write_city(name, Path(place) / name) for name in ("mass-1000-1", job["instance"]))
        drawn(["draw", str(small), *workers], Path(place) / "warm")
        runs = [_run(city, workers, Path(place) / f"out-{i}") for i in range(FASTEST_OF.get(job["instance"], 1))]
        row, memory = min(runs, key=lambda run: run[0]["wall"])
        return {"rows": [{"seed": 0, **row}], "memory": memory}


def _run(city: Path, workers: list[str], out: Path) -> tuple[dict[str, Any], float]:
    row, memory = drawn(["draw", str(city), *workers], out)
    return {**row, **_facts(out)}, memory


def _facts(folder: Path) -> dict[str, Any]:
    """What the folder of a plan says of its size, its proof and the seconds of its stages."""
    import pyogrio

    plan, run = (json.loads((folder / name).read_text(encoding="utf-8")) for name in ("plan.json", "run.json"))
    counts = {name: pyogrio.read_info(folder / "plan.gpkg", layer=name)["features"] for name in ("units", "buildings")}
    communities = plan["communities"]
    return {
        **counts,
        "communities": len(communities),
        "grids": plan["totals"]["grids"],
        "bounded": sum(one["gap"] is not None for one in communities),
        "gap": plan["gap"],
        "stages": {**run["log"]["seconds"], "publish": run["publish_seconds"]},
        "bytes": sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()),
        "map_bytes": (folder / "map.html").stat().st_size,
    }


def report(store: Store, *, quick: bool) -> str:
    """One row a city: its size, seconds in all and by stage, memory, and the size of what was written."""
    head = ["buildings", "communities", "units", "grids", "with a bound", "wall s", "CPU s", "units s", "solve s",
            "grids s", "publish s", "peak MB", "folder MB", "map MB"]  # fmt: skip
    rows = []
    for job in jobs(quick=quick):
        found = store.get(job)
        if found is None or not found.answered:
            rows.append([job.instance, *["-"] * (len(head) - 1)])
            continue
        row = found.answered[0]
        sizes = [number(row[name], 0) for name in ("buildings", "communities", "units", "grids", "bounded")]
        seconds = [row["wall"], row["cpu"], *(row["stages"][name] for name in ("units", "solve", "grids", "publish"))]
        megabytes = [found.memory, row["bytes"] / 1e6, row["map_bytes"] / 1e6]
        rows.append([*sizes, *(number(one) for one in seconds), *(number(one, 0) for one in megabytes)])
    told = (
        f"`gridopt draw --workers {WORKERS}` at effort `standard` on synthetic cities (`benchmarks/cities.py`), from "
        "GeoPackage, FlatGeobuf and CSV on disk to the whole plan folder with map and report, kernels cached; the "
        "fastest of three runs, one run of the largest city."
    )
    return f"{told}\n\n{table(head, rows)}"
