"""The Plan: what a drawing or an assessment hands on to every later stage."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType, ModuleType
from typing import Any

import geopandas as gpd
import pandas as pd

from gridopt.city import City
from gridopt.contracts import BORDERS, CODES, GRIDS, UNITS, VIOLATIONS, check_columns, check_listed, empty
from gridopt.grids.summary import summary_card, summary_text

STATUSES = ("draft", "consultation", "approved", "filed", "in_force", "retired")
"""How far a plan has come, from the first step to the last; `gridopt.terms` has the words."""


@dataclass(frozen=True, eq=False)
class Plan:
    """A drawn or assessed city: tables by grid code, honest figures, no grid without a code.

    grids        indexed by ``grid_code``, columns of `contracts.GRIDS`, metric CRS
    units        indexed by ``unit_id``, columns of `contracts.UNITS`
    borders      ``unit_a, unit_b, metres, kind``
    buildings    indexed by ``building_id``, each building once, with ``unit_id`` and ``grid_code``
    communities  indexed by ``community_id``, columns of `contracts.COMMUNITIES`
    violations   what must be decided, and what is for information
    terms        the weighted and scaled terms; they sum to ``objective``
    bound, gap   None where not computed
    details      facts by community for the record: k, scales, raw terms, solver status
    """

    city: City
    grids: gpd.GeoDataFrame
    units: gpd.GeoDataFrame
    borders: pd.DataFrame
    buildings: gpd.GeoDataFrame
    communities: gpd.GeoDataFrame
    violations: pd.DataFrame
    objective: float
    terms: Mapping[str, float]
    bound: float | None = None
    gap: float | None = None
    seed: int = 0
    effort: str = "standard"
    source: str = "draw"
    code_template: str = "auto"
    codes: pd.DataFrame = field(default_factory=lambda: empty(CODES))
    details: Mapping[str, Any] = field(default_factory=dict)
    log: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_columns(self.grids, GRIDS, "grids")
        check_columns(self.units, UNITS, "units")
        check_columns(self.borders, BORDERS, "borders")
        check_columns(self.violations, VIOLATIONS, "violations")
        check_listed(self.grids.index, "grids")
        check_listed(self.units.index, "units")
        object.__setattr__(self, "terms", MappingProxyType(dict(self.terms)))
        object.__setattr__(self, "details", MappingProxyType(dict(self.details)))
        object.__setattr__(self, "log", MappingProxyType(dict(self.log)))

    @property
    def n_grids(self) -> int:
        return len(self.grids)

    @property
    def status(self) -> str:
        """How far the plan has come (`STATUSES`): that of its grids, the earliest where they differ."""
        given = set(self.grids["status"])
        return next((one for one in STATUSES if one in given), "draft")

    @property
    def to_decide(self) -> pd.DataFrame:
        """The violations that a person must decide."""
        return self.violations[self.violations["class"] == "decide"]

    @property
    def totals(self) -> dict[str, float]:
        """Households, residents, buildings and area of the whole plan."""
        names = ("households", "residents", "buildings", "area_m2")
        return {name: float(self.grids[name].sum()) for name in names}

    def summary(self, lang: str | None = None) -> str:
        """The plan in a few honest sentences, ``"zh"`` or ``"en"`` (the city's language unless given)."""
        return summary_text(self, lang or self.city.settings.lang)

    def plot(
        self,
        view: str = "community",
        *,
        posts: pd.DataFrame | None = None,
        reach: pd.DataFrame | None = None,
        marks: gpd.GeoDataFrame | gpd.GeoSeries | None = None,
        lang: str | None = None,
    ) -> Any:
        """A map as a `gridopt.publish.figures.Picture`, which shows itself in a notebook; ``.save(path)`` writes it.

        ``view`` is what it is coloured by: community, size, decision, area_kind, households, residents, density,
        workload, walk_mean or walk_max; with ``posts`` also posts, with ``reach`` beyond.TIER (the share out of
        reach). ``marks`` are shown as dots: events, homes out of reach, chosen sites. Names are Chinese where a
        Chinese font is installed, else codes, and one warning says so. Raises `RuleError` for another view.
        """
        stages, spoken = {"posts": posts, "reach": reach}, lang or self.city.settings.lang
        return _shown("figures").picture(self, view=view, stages=stages, marks=marks, lang=spoken)

    def explore(
        self, *, posts: pd.DataFrame | None = None, reach: pd.DataFrame | None = None, lang: str | None = None
    ) -> Any:
        """The interactive map of the plan as a `folium.Map`, which needs no network; ``.save(path)`` writes it."""
        return _shown("maps").explore(self, posts=posts, reach=reach, lang=lang or self.city.settings.lang)

    def replace(self, **changes: Any) -> Plan:
        """The same plan with some fields changed."""
        return dataclasses.replace(self, **changes)

    def __repr__(self) -> str:
        return (
            f"<Plan {self.city.name!r}: {self.n_grids:,} grids of {len(self.units):,} units in "
            f"{len(self.communities):,} communities, objective {self.objective:.4f}, {len(self.to_decide)} to decide>"
        )

    def _repr_html_(self) -> str:
        return summary_card(self, self.city.settings.lang)


def _shown(module: str) -> ModuleType:
    """The module that draws: found by name, since the room of pages stands above this one."""
    return importlib.import_module(f"gridopt.publish.{module}")
