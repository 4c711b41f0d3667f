"""gridopt draws a city's community grids: whole, balanced, walkable, coded, staffed and checked.

>>> import gridopt as go
>>> plan = go.draw(go.read_city("wanhua.toml"))  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gridopt import measures as measures
    from gridopt import solvers as solvers
    from gridopt.city import City as City
    from gridopt.city import Settings as Settings
    from gridopt.coding import carry as carry
    from gridopt.coding import crosswalk as crosswalk
    from gridopt.coding import encode as encode
    from gridopt.coverage import blind_spots as blind_spots
    from gridopt.coverage import out_of_reach as out_of_reach
    from gridopt.coverage import reach as reach
    from gridopt.coverage import reach_by_area_kind as reach_by_area_kind
    from gridopt.coverage.siting import site as site
    from gridopt.errors import GridoptError as GridoptError
    from gridopt.errors import InfeasibleError as InfeasibleError
    from gridopt.errors import RuleError as RuleError
    from gridopt.errors import SolverError as SolverError
    from gridopt.errors import TableError as TableError
    from gridopt.graph import UnitGraph as UnitGraph
    from gridopt.grids.plan import Plan as Plan
    from gridopt.locate import event_table as event_table
    from gridopt.locate import events_by_place as events_by_place
    from gridopt.locate import hot_spots as hot_spots
    from gridopt.locate import locate as locate
    from gridopt.locate import locate_events as locate_events
    from gridopt.partition import Partition as Partition
    from gridopt.plan import datasets as datasets
    from gridopt.plan.alternatives import Alternatives as Alternatives
    from gridopt.plan.alternatives import alternatives as alternatives
    from gridopt.plan.assess import assess as assess
    from gridopt.plan.calibrate import Calibration as Calibration
    from gridopt.plan.calibrate import calibrate as calibrate
    from gridopt.plan.compare import compare as compare
    from gridopt.plan.draw import draw as draw
    from gridopt.plan.only import draw_only as draw_only
    from gridopt.plan.scenarios import scenarios as scenarios
    from gridopt.plan.stored import read_plan as read_plan
    from gridopt.publish.export import write_export as write_export
    from gridopt.publish.folder import publish as publish
    from gridopt.publish.sheets import write_sheets as write_sheets
    from gridopt.publish.writers import write_csv as write_csv
    from gridopt.publish.writers import write_fgb as write_fgb
    from gridopt.publish.writers import write_geojson as write_geojson
    from gridopt.publish.writers import write_gpkg as write_gpkg
    from gridopt.publish.writers import write_kml as write_kml
    from gridopt.publish.writers import write_shp as write_shp
    from gridopt.publish.writers import write_xlsx as write_xlsx
    from gridopt.read.city import read_city as read_city
    from gridopt.rules import Rules as Rules
    from gridopt.solvers.bare import partition_graph as partition_graph
    from gridopt.solvers.effort import Effort as Effort
    from gridopt.solvers.solution import Solution as Solution
    from gridopt.staffing import staff as staff
    from gridopt.units import make_borders as make_borders
    from gridopt.units import make_units as make_units
    from gridopt.verify import check as check

__version__ = "0.1.0"

_HOMES = {
    "City": "gridopt.city",
    "Settings": "gridopt.city",
    "Rules": "gridopt.rules",
    "UnitGraph": "gridopt.graph",
    "Partition": "gridopt.partition",
    "Solution": "gridopt.solvers.solution",
    "Effort": "gridopt.solvers.effort",
    "Plan": "gridopt.grids.plan",
    "GridoptError": "gridopt.errors",
    "TableError": "gridopt.errors",
    "RuleError": "gridopt.errors",
    "InfeasibleError": "gridopt.errors",
    "SolverError": "gridopt.errors",
    "read_city": "gridopt.read.city",
    "make_units": "gridopt.units",
    "make_borders": "gridopt.units",
    "draw": "gridopt.plan.draw",
    "draw_only": "gridopt.plan.only",
    "alternatives": "gridopt.plan.alternatives",
    "Alternatives": "gridopt.plan.alternatives",
    "scenarios": "gridopt.plan.scenarios",
    "partition_graph": "gridopt.solvers.bare",
    "assess": "gridopt.plan.assess",
    "calibrate": "gridopt.plan.calibrate",
    "Calibration": "gridopt.plan.calibrate",
    "compare": "gridopt.plan.compare",
    "read_plan": "gridopt.plan.stored",
    "encode": "gridopt.coding",
    "crosswalk": "gridopt.coding",
    "carry": "gridopt.coding",
    "staff": "gridopt.staffing",
    "reach": "gridopt.coverage",
    "reach_by_area_kind": "gridopt.coverage",
    "site": "gridopt.coverage.siting",
    "out_of_reach": "gridopt.coverage",
    "blind_spots": "gridopt.coverage",
    "locate": "gridopt.locate",
    "locate_events": "gridopt.locate",
    "events_by_place": "gridopt.locate",
    "hot_spots": "gridopt.locate",
    "event_table": "gridopt.locate",
    "publish": "gridopt.publish.folder",
    "write_export": "gridopt.publish.export",
    "write_sheets": "gridopt.publish.sheets",
    "write_csv": "gridopt.publish.writers",
    "write_fgb": "gridopt.publish.writers",
    "write_geojson": "gridopt.publish.writers",
    "write_gpkg": "gridopt.publish.writers",
    "write_kml": "gridopt.publish.writers",
    "write_shp": "gridopt.publish.writers",
    "write_xlsx": "gridopt.publish.writers",
    "check": "gridopt.verify",
}
_MODULES = {"datasets": "gridopt.plan.datasets", "solvers": "gridopt.solvers", "measures": "gridopt.measures"}

__all__ = ["__version__", *_HOMES, *_MODULES]  # noqa: PLE0604 — names resolved on first use


def __getattr__(name: str) -> Any:
    """Load a public name on first use, so that importing gridopt costs little."""
    if name in _MODULES:
        return importlib.import_module(_MODULES[name])
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'gridopt' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


class _Face(ModuleType):
    """The package itself: a room called like a verb (locate, publish) must not hide the verb."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Face
