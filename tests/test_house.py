"""The house itself: imports fall one way, nothing heavy loads early, every promised name is there."""

import subprocess
import sys
from pathlib import Path

import pytest

import gridopt as go

ROOT = Path(__file__).parents[1]
HEAVY = ("numba", "folium", "rasterio", "pulp", "highspy", "networkx", "matplotlib", "xlsxwriter", "geopandas")
FACE = (
    "read_city make_units make_borders draw assess encode staff reach blind_spots publish read_plan locate compare "
    "check City UnitGraph Partition Plan Rules Solution datasets solvers measures"
).split()


def test_imports_fall_one_way() -> None:
    lint = "from importlinter.cli import lint_imports; import sys; sys.exit(lint_imports())"
    run = subprocess.run([sys.executable, "-c", lint], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_importing_gridopt_loads_nothing_heavy() -> None:
    code = f"import gridopt, sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("name", FACE)
def test_every_name_of_the_public_face_is_there(name) -> None:
    assert getattr(go, name) is not None
    assert name in dir(go)


def test_rooms_of_one_name_with_a_verb_do_not_hide_it() -> None:
    import gridopt.locate
    import gridopt.publish.folder  # noqa: F401

    assert callable(go.locate)
    assert callable(go.publish)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="redraw"):
        _ = go.redraw
