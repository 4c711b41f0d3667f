"""The communities: their codes, their parents, and the kind of area each is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridopt.coordinates import centre_of
from gridopt.divisions import heads
from gridopt.errors import preview
from gridopt.read.findings import Findings
from gridopt.read.layers import Layer
from gridopt.rules import AREA_KINDS

KIND_OF_CLASS = {
    "111": "urban",
    "112": "fringe",
    "121": "urban",
    "122": "fringe",
    "123": "commercial",
    "210": "rural",
    "220": "rural",
}
"""Urban-rural class (城乡分类) -> area kind."""

KIND_WORDS: Mapping[str, str] = {
    "urban": "城区 市区 主城区 城镇 城市社区",
    "old_town": "老城区 老城 旧城区 旧城 老旧城区 舊城區 老城區",
    "fringe": "城乡结合部 城鄉結合部 城郊 近郊 郊区",
    "commercial": "商业区 商務區 商务区 商圈 商業區",
    "park": "园区 工业园区 产业园区 开发区 園區",
    "rural": "农村 乡村 农村地区 農村 鄉村",
    "hill": "山区 山地 丘陵 山區",
}
"""Area kind -> the words that planners write for it."""

STAT15_DIGITS = 12


def community_table(layer: Layer, template: str, findings: Findings) -> gpd.GeoDataFrame:
    """The communities in their contract: parents' ids, area kinds, and codes that a template can build on.

    A ``township`` or ``county`` column of digits holds ids, of words names; without one they are the heads of the
    community's code where that is one of a division (`divisions.heads`), else unknown: "". The area kind is the
    column's, else that of the urban-rural class, else urban until `kinds` judges it.
    """
    table = layer.table.rename(columns={"name": "community"})
    table["community"] = table["community"].mask(table["community"] == "", table.index.to_series())
    _check_codes(table.index.tolist(), template, findings)
    above = heads(table.index.tolist(), *centre_of(table.geometry.to_numpy(), table.crs))
    for column, by_code in zip(("township", "county"), above, strict=True):
        table[f"{column}_id"] = _parent_ids(table[column], by_code)
    table["area_kind"] = _area_kinds(table, findings)
    _note_pieces(table, findings)
    unused = [name for name in ("alias", "township", "county", "urban_rural_class") if (table[name] == "").all()]
    unused += [name for name in ("households", "residents", "area") if name not in layer.given]
    order = ["community", "township_id", "county_id", "area_kind"]
    rest = [name for name in table.columns if name not in (*order, *unused, "geometry")]
    result: gpd.GeoDataFrame = table[[*order, *rest, "geometry"]]
    return result


def _note_pieces(table: gpd.GeoDataFrame, findings: Findings) -> None:
    """Communities of several parts, with each part but the largest shown on the map."""
    shapes = table.geometry.to_numpy()
    several = np.flatnonzero(shapely.get_num_geometries(shapes) > 1)
    parts, owner = shapely.get_parts(shapes[several], return_index=True)
    order = np.lexsort((-shapely.area(parts), owner))
    rest = order[np.concatenate([[False], owner[order][1:] == owner[order][:-1]])] if len(order) else order
    area = float(shapely.area(parts).sum())
    findings.repair(
        "multipart",
        table.index[several],
        areas=(area, area),
        values=[len(parts), float(shapely.area(parts[rest]).sum())],
        places=zip(table.index[several[owner[rest]]], parts[rest], strict=True),
    )


def _check_codes(codes: Sequence[str], template: str, findings: Findings) -> None:
    """All-digit codes must be of one length, twelve for stat15; ids that are words throughout are left alone."""
    forms = [len(code) if code.isascii() and code.isdigit() else 0 for code in codes]
    usual = (
        STAT15_DIGITS if template == "stat15" else max(Counter(forms).items(), key=lambda item: (item[1], item[0]))[0]
    )
    odd = [f"{code} ({len(code)})" for code, form in zip(codes, forms, strict=True) if form != usual]
    if not odd:
        return
    wanted, wanted_zh = (f"{usual} digits", f"{usual} 位数字") if usual else ("no all-digit code", "非纯数字的编码")
    reason = 'template = "stat15" asks for' if template == "stat15" else "all others have"
    findings.fault(
        f"{len(odd)} community codes are malformed: {preview(odd)} (characters); {reason} {wanted}; correct them",
        f"{len(odd)} 个村（社区）编码格式不符：{preview(odd)}（字符数）；应为 {wanted_zh}；请改正",
    )


def _parent_ids(given: pd.Series, by_code: Sequence[str]) -> pd.Series:
    """The ids of what lies above each community: a column of ids, else the heads of the codes, else names."""
    are_ids = given.str.fullmatch(r"[0-9]+").all()
    return given if are_ids or not any(by_code) else pd.Series(by_code, given.index, dtype="str")


def _area_kinds(table: gpd.GeoDataFrame, findings: Findings) -> pd.Series:
    by_class = table["urban_rural_class"].map(KIND_OF_CLASS)
    strange = (table["urban_rural_class"] != "") & by_class.isna()
    if strange.any():
        listed = preview(f"{i} ({text})" for i, text in table["urban_rural_class"][strange].items())
        findings.fault(
            f"{int(strange.sum())} rows have an unknown urban_rural_class: {listed}; known: {', '.join(KIND_OF_CLASS)}",
            f"{int(strange.sum())} 行的城乡分类代码未知：{listed}；可用：{'、'.join(KIND_OF_CLASS)}",
        )
    given = area_kinds(table["area_kind"])
    kinds: pd.Series = given.mask(given == "", by_class.fillna("urban"))
    check_kinds(kinds, findings)
    return kinds.astype("str")


def area_kinds(written: pd.Series) -> pd.Series:
    """Area kinds by their own names or the words that planners write for them; any other text as it stands."""
    known = {word: kind for kind, words in KIND_WORDS.items() for word in words.split()}
    known |= {kind.replace("_", mark): kind for kind in AREA_KINDS for mark in ("_", " ", "-")}
    named: pd.Series = written.str.lower().map(known).fillna(written)
    return named


def check_kinds(kinds: pd.Series, findings: Findings) -> None:
    """Note area kinds that the rules do not know as one fault."""
    unknown = kinds[~kinds.isin(["", *AREA_KINDS])]
    if len(unknown):
        listed = preview(f"{i} ({kind})" for i, kind in unknown.items())
        words = (f"{words.split()[0]}（{kind}）" for kind, words in KIND_WORDS.items())
        findings.fault(
            f"{len(unknown)} rows have an unknown area_kind: {listed}; known: {', '.join(AREA_KINDS)}",
            f"{len(unknown)} 行的 area_kind 未知：{listed}；可用：{'、'.join(words)}",
        )
