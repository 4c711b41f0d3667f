"""Drawing grids: units, borders, graph, solution, grids, codes."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from gridopt.city import City
from gridopt.contracts import REPAIRS, UNITS, check_columns
from gridopt.graph import UnitGraph
from gridopt.grids.assemble import assemble
from gridopt.grids.plan import Plan
from gridopt.plan.decisions import Bound, bind, concerned, numbering, settle, with_verdicts
from gridopt.plan.in_force import coded
from gridopt.solvers.community import Bindings
from gridopt.solvers.effort import Effort
from gridopt.solvers.solution import Solution
from gridopt.solvers.solve import solve
from gridopt.solvers.walking import with_streets
from gridopt.units import make_borders, make_units

Solve = Callable[[UnitGraph, Bindings], Solution]


def draw(
    city: City,
    units: gpd.GeoDataFrame | None = None,
    *,
    borders: pd.DataFrame | None = None,
    effort: str | Effort = "standard",
    seed: int = 0,
    workers: int | None = None,
) -> Plan:
    """Draw grids over the city's units that obey its rules, coded and measured.

    ``units`` and ``borders`` are made from the city's layers unless given. The plan is the same for any
    order of rows and number of ``workers``; what no plan can meet is listed in ``plan.violations``. ``effort``
    is a preset or an `Effort`, which also carries ``prove`` and ``time_limit``, a cap in seconds on the whole
    search: communities that it may have cut short are named in ``plan.details["time_limited"]``. Raises
    `TableError` where the units cannot be used and `InfeasibleError` where a rule in ``rules.relax.never``
    cannot be met.
    """
    work = chosen_effort(effort, workers)
    return drawn_on(prepare(city, units, borders=borders, workers=work.workers), work, seed)


def drawn_on(ground: Ground, effort: Effort, seed: int) -> Plan:
    """`draw` on ground that is prepared already."""
    rules, lang = ground.city.rules, ground.city.settings.lang

    def search(graph: UnitGraph, bindings: Bindings) -> Solution:
        return solve(graph, rules, bindings=bindings, effort=effort, seed=seed, lang=lang)

    return coded(build(ground, search)).replace(seed=seed, effort=effort.name, source="draw")


def chosen_effort(effort: str | Effort, workers: int | None) -> Effort:
    """The effort by name or as given, with so many threads where a number is given."""
    work = Effort.named(effort) if isinstance(effort, str) else effort
    return work if workers is None else dataclasses.replace(work, workers=workers)


def build(ground: Ground, search: Solve) -> Plan:
    """A plan from a way to give units labels, under provisional codes: the steps that every verb shares."""
    began = time.perf_counter()
    solution = with_verdicts(ground.city, search(ground.graph, ground.bindings), ground.bound)
    solved = time.perf_counter()
    plan = assembled(ground, solution)
    seconds = {"units": ground.seconds, "solve": solved - began, "grids": time.perf_counter() - solved}
    return plan.replace(details={**details_of(solution), **plan.details}, log={"seconds": seconds})


@dataclass(frozen=True, eq=False)
class Ground:
    """What a search starts from: units, their borders, the graph of both, and the decisions laid on it.

    ``city`` has what making its units repaired on its record, ``seconds`` is how long that took, and ``workers``
    the number of processes that did it.
    """

    city: City
    units: gpd.GeoDataFrame
    borders: pd.DataFrame
    graph: UnitGraph
    bound: Bound
    seconds: float
    workers: int | None = 1

    @property
    def bindings(self) -> Bindings:
        """What binds units together, and what keeps them apart."""
        return self.bound.bindings


def prepare(
    city: City,
    units: gpd.GeoDataFrame | None = None,
    *,
    borders: pd.DataFrame | None = None,
    workers: int | None = 1,
) -> Ground:
    """Units and borders, made unless given, as the graph that is searched, under the decisions of the city."""
    began = time.perf_counter()
    made = make_units(city, workers=workers) if units is None else units
    check_columns(made, UNITS[:-2], "units")
    settled = settle(city, made)
    units = settled.units
    city = with_repairs(city, units)
    borders = make_borders(city, units, workers=workers) if borders is None else borders
    graph = UnitGraph.from_units(
        units, borders, measures=city.rules.measures, min_border=city.rules.governance.min_border
    )
    graph = with_streets(graph, city)
    townships = city.communities["township_id"].astype(str).to_dict()
    bindings = dataclasses.replace(Bindings.of_units(units, _called(city)), townships=townships)
    bound = bind(city, settled, graph, bindings)
    return Ground(city, units, borders, graph, bound, time.perf_counter() - began, workers)


def assembled(ground: Ground, solution: Solution) -> Plan:
    """The plan of a solution under provisional codes, with the numbers and names that decisions gave its grids."""
    plan = assemble(ground.city, ground.units, ground.borders, solution, workers=ground.workers)
    return plan.replace(details={"decided": numbering(ground.bound), "decisions": concerned(ground.bound)})


def details_of(solution: Solution) -> dict[str, object]:
    """What a plan keeps of its solution for the record, besides its score."""
    return {"parts": solution.parts, "status": solution.status, "time_limited": solution.time_limited}


def _called(city: City) -> dict[str, str]:
    """The names of estates, groups and institutions by their ids."""
    layers = [city.layer(name) for name in ("groups", "dedicated", "estates")]
    return {str(one): str(name) for layer in layers if layer is not None for one, name in layer["name"].items() if name}


def with_repairs(city: City, units: gpd.GeoDataFrame) -> City:
    """The city with what making its units repaired added to the record."""
    rows = units.attrs.get("repairs", ())
    if not rows:
        return city
    listed = [table for table in (city.repairs, pd.DataFrame(list(rows), columns=REPAIRS)) if len(table)]
    return city.replace(repairs=pd.concat(listed, ignore_index=True))
