"""The same input gives the same files: in any row order, under any hash seed, with any number of workers."""

import os
import subprocess
import sys
from pathlib import Path

import geopandas as gpd

ROOT = Path(__file__).parents[1]
SAME = ("plan.json", "grids.geojson", "plan.gpkg", "tables.xlsx", "map.html", "report.html", "posts.csv", "reach.csv")


def published(file: Path, out: Path, hash_seed: str, workers: str) -> dict[str, bytes]:
    """The files of one run in a process of its own."""
    command = [sys.executable, "-m", "gridopt", "draw", str(file), "--out", str(out)]
    command += ["--effort", "quick", "--lang", "zh", "--workers", workers]
    settings = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    subprocess.run(command, check=True, env=settings, capture_output=True, cwd=out.parent)
    return {name: (out / name).read_bytes() for name in SAME}


def test_shuffled_rows_hash_seeds_and_workers_change_no_byte(project, tmp_path) -> None:
    first = published(project, tmp_path / "first", "0", "1")
    layers = project.parent / "town.gpkg"
    for name in ("communities", "units"):
        table = gpd.read_file(layers, layer=name)
        table.sample(frac=1, random_state=5).to_file(layers, layer=name, driver="GPKG")
    second = published(project, tmp_path / "second", "1", "2")
    assert [name for name in SAME if first[name] != second[name]] == []
