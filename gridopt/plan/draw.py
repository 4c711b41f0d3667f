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
from gridopt.plan.decisions import Bound, Settled, bind, concerned, numbering, settle, with_verdicts
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

    def search(graph: UnitGraph, bindings: Bindings) -> Solution:
        return solve(graph, city.rules, bindings=bindings, effort=work, seed=seed, lang=city.settings.lang)

    plan = coded(build(city, search, units=units, borders=borders, workers=work.workers))
    return plan.replace(seed=seed, effort=work.name, source="draw")


def chosen_effort(effort: str | Effort, workers: int | None) -> Effort:
    """The effort by name or as given, with so many threads where a number is given."""
    work = Effort.named(effort) if isinstance(effort, str) else effort
    return work if workers is None else dataclasses.replace(work, workers=workers)


def build(
    city: City,
    search: Solve,
    *,
    units: gpd.GeoDataFrame | None = None,
    borders: pd.DataFrame | None = None,
    settled: Settled | None = None,
    workers: int | None = 1,
) -> Plan:
    """A plan from units and a way to give them labels, under provisional codes: the steps that every verb shares.

    ``settled`` are units on which the decisions of the city have been laid already; ``workers`` make them where not.
    """
    started = time.perf_counter()
    ground = prepare(city, units, borders=borders, settled=settled, workers=workers)
    made = time.perf_counter()
    solution = with_verdicts(ground.city, search(ground.graph, ground.bindings), ground.bound)
    solved = time.perf_counter()
    plan = assembled(ground, solution)
    seconds = {"units": made - started, "solve": solved - made, "grids": time.perf_counter() - solved}
    return plan.replace(details={**details_of(solution), **plan.details}, log={"seconds": seconds})


@dataclass(frozen=True, eq=False)
class Ground:
    """What a search starts from: units, their borders, the graph of both, and the decisions laid on it.

    ``city`` has what making its units repaired on its record.
    """

    city: City
    units: gpd.GeoDataFrame
    borders: pd.DataFrame
    graph: UnitGraph
    bound: Bound

    @property
    def bindings(self) -> Bindings:
        """What binds units together, and what keeps them apart."""
        return self.bound.bindings


def prepare(
    city: City,
    units: gpd.GeoDataFrame | None = None,
    *,
    borders: pd.DataFrame | None = None,
    settled: Settled | None = None,
    workers: int | None = 1,
) -> Ground:
    """Units and borders, made unless given, as the graph that is searched, under the decisions of the city."""
    if settled is None:
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
    return Ground(city, units, borders, graph, bind(city, settled, graph, bindings))


def assembled(ground: Ground, solution: Solution) -> Plan:
    """The plan of a solution under provisional codes, with the numbers and names that decisions gave its grids."""
    plan = assemble(ground.city, ground.units, ground.borders, solution)
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
