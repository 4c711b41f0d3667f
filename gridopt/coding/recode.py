"""Recoding a plan: new codes, sequence numbers and names, put through every table that mentions a grid."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import geopandas as gpd
import pandas as pd

from gridopt.city import City
from gridopt.coding.decided import with_decided_names
from gridopt.coding.in_force import borne_today, with_names_in_force
from gridopt.coding.names import grid_names
from gridopt.coding.numbering import numbered, retired_codes
from gridopt.coding.parents import template_of
from gridopt.coding.scan import sequences
from gridopt.coding.templates import Template, check_parents
from gridopt.errors import RuleError, TableError, preview
from gridopt.grids.plan import Plan


def encode(plan: Plan, template: str | None = None, *, in_force: Mapping[str, str] | None = None) -> Plan:
    """The same plan with every grid coded, numbered in scan order and named.

    ``template`` is one of `TEMPLATES`, ``"auto"``, or a layout of one's own (`gridopt.coding.templates`); None
    takes the city's ``[rules.code] template``, ``"auto"`` where it has none. The template in fact used is
    recorded in ``plan.code_template``, the communities' codes where they are not their ids in the city's settings.
    Grids come out sorted by code. Encoding twice changes nothing, and the order of rows plays no part.

    ``in_force`` gives present grids the codes that they carry already, by default those that the city's
    ``current_grids`` bear too (`gridopt.coding.parents.keeps_codes`): numbers in force are never renumbered,
    so well-formed and distinct codes are kept with their gaps, and a grid beside them takes the highest number
    ever used in its community plus one; with the code of one of today's grids goes the name that people gave it.
    Codes that ``plan.codes`` records as retired (with ``valid_to``) stay there and are never given again. Only where
    none is in force are numbers given in scan order. Numbers and names that decisions gave
    (``plan.details["decided"]``) come before all, and no other grid takes them.

    Raises a `RuleError` for a template that is not offered, that does not fit a community's id, or that has too
    few digits for a community's grids.
    """
    chosen = template_of(plan.city, template)
    check_parents(chosen, plan.grids["community_id"].unique())
    first_units = plan.units.index.to_series().groupby(plan.units["grid_code"]).min()
    _check_holdings(plan.grids, first_units)
    retired = retired_codes(plan.codes)
    in_force = borne_today(plan) if in_force is None else in_force
    sequence = numbered(plan, sequences(plan.grids, first_units), chosen, in_force=in_force, retired=retired)
    _check_digits(chosen, sequence.groupby(plan.grids["community_id"]).max())
    codes = [chosen.code(community, seq) for community, seq in zip(plan.grids["community_id"], sequence, strict=True)]
    renamed = dict(zip(plan.grids.index, codes, strict=True))
    grids = _coded_grids(plan, sequence, codes)
    return plan.replace(
        grids=grids,
        units=_with_codes(plan.units, renamed),
        buildings=_with_codes(plan.buildings, renamed),
        violations=plan.violations.assign(grid_codes=_listed(plan.violations["grid_codes"], renamed)),
        codes=_codes_table(grids, _succeeded(retired, renamed)),
        code_template=chosen.name,
        city=_with_parents(plan.city, chosen),
    )


def _with_parents(city: City, template: Template) -> City:
    """The city with its communities' codes among the settings, so that a stored plan still knows them."""
    if not template.parents or city.settings.code.get("parents") == template.parents:
        return city
    code = {**city.settings.code, "parents": dict(template.parents)}
    return city.replace(settings=dataclasses.replace(city.settings, code=code))


def _check_holdings(grids: gpd.GeoDataFrame, first_units: pd.Series) -> None:
    """Every grid must hold a unit, and every unit's grid must exist: else codes cannot be put through."""
    empty = sorted(grids.index.difference(first_units.index))
    strange = sorted(first_units.index.difference(grids.index))
    if empty or strange:
        raise TableError(
            f"grids and units disagree: {len(empty)} grids hold no unit ({preview(empty)}), {len(strange)} codes of "
            f"units are no grid ({preview(strange)}). Assess the units again to build both tables from one column.",
            zh=f"网格表与划分单元表不一致：{len(empty)} 个网格没有单元（{preview(empty)}），"
            f"单元表中有 {len(strange)} 个编码不是网格（{preview(strange)}）。请用 assess 重新生成两张表。",
        )


def _check_digits(template: Template, counts: pd.Series) -> None:
    full = counts[counts > template.most]
    if len(full):
        listed = preview(f"{community} ({count})" for community, count in full.items())
        raise RuleError(
            f"code template {template.name} numbers at most {template.most} grids a community; {len(full)} have more: "
            f"{listed}. Choose a template with more digits, or a larger target size.",
            zh=f"编码模板 {template.name} 每个村（社区）至多 {template.most} 个网格；{len(full)} 个超出：{listed}。"
            "请选用位数更多的模板，或提高目标规模。",
        )


def _coded_grids(plan: Plan, sequence: pd.Series, codes: list[str]) -> gpd.GeoDataFrame:
    numbered = plan.grids.assign(seq=sequence)
    starts = numbered["valid_from"].astype("object")
    names = with_names_in_force(plan, grid_names(numbered, _institutions(plan)), codes)
    named = numbered.assign(
        name=with_decided_names(plan, names),
        valid_from=starts.where(starts.notna(), plan.city.valid_from),
    )
    named.index = pd.Index(codes, dtype="str", name="grid_code")
    return named.sort_index()


def _institutions(plan: Plan) -> pd.Series:
    """The institution of each grid that holds a dedicated unit, by the grid's present code."""
    dedicated = plan.units.loc[plan.units["dedicated"].fillna("") != "", ["grid_code", "dedicated"]].sort_index()
    names: pd.Series = dedicated.groupby("grid_code")["dedicated"].first()
    layer = plan.city.layer("dedicated")
    if layer is not None and "name" in layer:
        known = layer["name"].fillna("").to_dict()
        names = names.map(lambda one: known.get(one) or one)
    return names


def _with_codes(table: gpd.GeoDataFrame, renamed: Mapping[str, str]) -> gpd.GeoDataFrame:
    codes = [renamed.get(code, code) for code in table["grid_code"].tolist()]
    return table.assign(grid_code=pd.Series(codes, index=table.index, dtype="str"))


def _listed(grid_codes: pd.Series, renamed: Mapping[str, str]) -> pd.Series:
    return grid_codes.map(
        lambda text: ";".join(sorted(renamed.get(code, code) for code in text.split(";") if code))
    ).astype("str")


def _succeeded(retired: pd.DataFrame, renamed: Mapping[str, str]) -> pd.DataFrame:
    """Codes given up with the successors' codes of now."""
    return retired.assign(successor=retired["successor"].map(lambda code: renamed.get(code, code)))


def _codes_table(grids: gpd.GeoDataFrame, retired: pd.DataFrame) -> pd.DataFrame:
    table = pd.DataFrame({"grid_code": grids.index, "valid_from": grids["valid_from"].to_numpy()})
    fresh = table.assign(valid_to=None, successor=None)
    return pd.concat([fresh, retired.astype(object)], ignore_index=True) if len(retired) else fresh
