"""gridopt draws a city's community grids: whole, balanced, walkable, coded, staffed and checked.

>>> import gridopt as go
>>> plan = go.draw(go.read_city("wanhua.toml"))  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import Any

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
    "assess": "gridopt.plan.assess",
    "compare": "gridopt.plan.compare",
    "read_plan": "gridopt.plan.stored",
    "encode": "gridopt.coding",
    "staff": "gridopt.staffing",
    "reach": "gridopt.coverage",
    "blind_spots": "gridopt.coverage",
    "locate": "gridopt.locate",
    "publish": "gridopt.publish.folder",
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
