"""Codes that today's grids bear: which drawn grid goes on under which of them, and which are given up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from gridopt.coding import Template, encode
from gridopt.coding.numbering import retired_codes
from gridopt.coding.parents import keeps_codes, template_of
from gridopt.contracts import CODES
from gridopt.errors import preview
from gridopt.grids.matters import with_matters
from gridopt.grids.plan import Plan
from gridopt.plan.matching import by_code, match_polygons


def coded(plan: Plan, own: Mapping[str, str] | None = None) -> Plan:
    """The plan under its public codes: those of today's grids go on, new grids take the numbers past them.

    A drawn grid may go on under the code of a current grid of its community if it holds more of that grid's people
    than any other, or has more of its own people from it than from any other. Each code goes to one grid and each
    grid takes one, so that the most people keep their code (the assignment problem, Kuhn 1955; area settles ties).
    Codes that no grid goes on under stay in ``plan.codes`` with the grid that has most of their people as
    successor and the city's ``valid_from`` as end, and are never given again, as are those that ``[layers.codes]``
    lists with ``valid_to`` or ``successor``. Codes that the template does not make are named in ``violations``.

    ``own`` are codes that grids of the plan bear already, by present code: they come first. With ``[rules.code]
    in_force = "renumber"`` the codes of today's grids count for nothing.
    """
    own = dict(own or {})
    today = by_code(plan.city.current_grids) if keeps_codes(plan.city) else None
    if today is None or not len(today := today[today["grid_code"] != ""]):
        return encode(plan.replace(codes=_register(plan)), in_force=own)
    match = match_polygons(plan.city, plan.units, today)
    template, shares = template_of(plan.city), _Shares.of(plan, match.drawn.drop(list(match.blank)))
    owners = code_owners(template, [*today.index, *own.values()], plan.grids["community_id"].unique())
    heirs = {grid: code for grid, code in own.items() if owners.get(code) == plan.grids["community_id"][grid]}
    owners = owners[owners.index.isin(today.index)]
    for community, codes in owners.groupby(owners).groups.items():
        rest = [str(code) for code in codes if code not in heirs.values()]
        heirs |= shares.heirs(str(community), rest, heirs, lone=_zeros(template, rest))
    ended = [str(code) for code in owners.index if code not in heirs.values()]
    register = _register(plan, _ended(plan, shares, today.geometry[ended], owners))
    strange = today.geometry[~today.index.isin(owners.index)]
    return encode(_with_strange(plan.replace(codes=register), strange, template), in_force=heirs)


@dataclass(frozen=True, eq=False)
class _Shares:
    """Who of today's grids lives in which drawn grid: ``people`` by code and grid; ``grids`` by their community.

    Grids stand in the order of their first unit. Square metres count for less than a person: they only settle ties,
    and decide where nobody lives.
    """

    people: Mapping[tuple[str, str], float]
    grids: Mapping[str, list[str]]

    @classmethod
    def of(cls, plan: Plan, today: pd.Series) -> _Shares:
        """From the code of today's grid of every unit that lies in one."""
        units = plan.units
        counted = units["residents"].fillna(0.0) if units["residents"].sum() > 0 else units["households"].fillna(0.0)
        area = units.geometry.area
        people = (counted + 0.5 * area / area.groupby(units["community_id"]).transform("sum")).loc[today.index]
        shared = people.groupby([today.to_numpy(), units["grid_code"].loc[today.index].to_numpy()]).sum()
        firsts = units.index.to_series().groupby(units["grid_code"]).min().sort_values()
        owners = plan.grids["community_id"].reindex(firsts.index)
        return cls(shared.to_dict(), {str(one): list(inside.index) for one, inside in owners.groupby(owners)})

    def heirs(self, community: str, codes: list[str], taken: Mapping[str, str], *, lone: set[str]) -> dict[str, str]:
        """Grid -> the code that it goes on under, of one community; ``lone`` codes only go on where it is one grid."""
        grids = [grid for grid in self.grids[community] if grid not in taken]
        if not codes or not grids:
            return {}
        table = self.table(codes, grids)
        most = (table == table.max(axis=1, keepdims=True)) | (table == table.max(axis=0, keepdims=True))
        if len(self.grids[community]) > 1:
            most[[code in lone for code in codes]] = False
        shared = np.where(most, table, 0.0)
        return {grids[j]: codes[i] for i, j in zip(*linear_sum_assignment(-shared), strict=True) if shared[i, j] > 0}

    def table(self, codes: list[str], grids: list[str]) -> NDArray[np.float64]:
        """(codes, grids) people."""
        return np.array([[self.people.get((code, grid), 0.0) for grid in grids] for code in codes])


def code_owners(template: Template, codes: Iterable[str], communities: Iterable[str]) -> pd.Series:
    """The community of every code that the template makes for one of them; other codes are left out."""
    stems = {template.stem(template.code(one, 1)): one for one in map(str, communities)}
    pairs = [(code, stems.get(template.stem(code))) for code in codes]
    return pd.Series({code: one for code, one in pairs if one and template.is_code_of(code, one)}, dtype="str")


def _zeros(template: Template, codes: Iterable[str]) -> set[str]:
    """Codes kept for a community that is not split."""
    return {code for code in codes if template.number(code) == 0}


def _ended(plan: Plan, shares: _Shares, ended: gpd.GeoSeries, owners: pd.Series) -> pd.DataFrame:
    """Codes that nothing goes on under: their end, and the grid that holds most of their people or lies nearest."""
    rows = []
    for code, shape in ended.items():
        grids = shares.grids[owners[code]]
        held = shares.table([str(code)], grids)[0]
        if not held.any():
            held = -shapely.distance(plan.grids.geometry[grids].to_numpy(), shapely.point_on_surface(shape))
        rows.append((str(code), None, plan.city.valid_from, grids[int(np.argmax(held))]))
    return pd.DataFrame(rows, columns=CODES, dtype=object)


def _register(plan: Plan, ended: pd.DataFrame | None = None) -> pd.DataFrame:
    """The codes given up so far: those on record, those of the city's own list, those that end now; each once."""
    listed = plan.city.layer("codes")
    tables = [plan.codes, ended]
    if listed is not None and {"valid_to", "successor"} & set(listed.columns):
        own = pd.DataFrame(listed).reset_index(names="grid_code").reindex(columns=CODES)
        tables.insert(1, retired_codes(own))
    given = [table.reset_index() if table.index.name == "grid_code" else table for table in tables if table is not None]
    filled = [table[CODES].astype(object) for table in given if len(table)]
    return pd.concat(filled, ignore_index=True).drop_duplicates("grid_code") if filled else plan.codes


def _with_strange(plan: Plan, strange: gpd.GeoSeries, template: Template) -> Plan:
    """The plan with a row for each community where today's grids bear codes that its template does not make."""
    return plan.replace(violations=with_matters(plan.violations, list(_strange_rows(plan, strange, template))))


def _strange_rows(plan: Plan, strange: gpd.GeoSeries, template: Template) -> Iterator[dict[str, object]]:
    zh = plan.city.settings.lang == "zh"
    tree = shapely.STRtree(plan.grids.geometry.to_numpy())
    places = plan.grids.index[tree.nearest(shapely.point_on_surface(strange.to_numpy()))] if len(strange) else []
    found = pd.DataFrame({"code": strange.index, "grid": places})
    for community, rows in found.groupby(plan.grids["community_id"].reindex(found["grid"]).to_numpy()):
        n, codes = len(rows), preview(sorted(rows["code"]))
        yield {
            "class": "information",
            "rule": "codes",
            "community_id": community,
            "grid_codes": ";".join(sorted(set(rows["grid"]))),
            "value": float(n),
            "reason": f"今日 {n} 个网格的编码不符合模板 {template.name}，未能沿用：{codes}"
            if zh
            else f"{n} codes of today's grids are none of template {template.name} and were not kept: {codes}",
            "remedy": "如这些编码仍在使用，请在 [rules.code] 中写明其模板"
            if zh
            else "if they are in force, write their template under [rules.code]",
        }
