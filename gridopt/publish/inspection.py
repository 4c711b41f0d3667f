"""An inspection for people and programs: as text, as plain values, as one HTML page."""

from __future__ import annotations

import base64
import hashlib
import html
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from gridopt.city import City
from gridopt.coordinates import crs_name
from gridopt.publish.atomic import beside, write_bytes
from gridopt.publish.fault_map import BARRIERS_ZH, area_text, dispute_list, fault_map, record_table
from gridopt.publish.geopackage import write_geopackage
from gridopt.publish.markup import asset
from gridopt.read.coverage import RULES
from gridopt.read.inspection import Inspection, inspect_city
from gridopt.terms import TERMS, label

TITLES: Mapping[str, tuple[str, str]] = {
    "layers": ("Layers", "图层"),
    "columns": ("Columns: what was taken for what", "列的识别"),
    "totals": ("Totals", "合计"),
    "counts": ("Counts: basis and date", "数据口径与日期"),
    "townships": ("By township", "分乡镇（街道）"),
    "barriers": ("Barriers by class", "各类边界线"),
    "decisions": ("Decisions", "人工决定"),
    "matches": ("Rows to confirm", "待确认的对应"),
    "outliers": ("Figures to check", "可疑数值"),
    "repairs": ("Repairs and notes", "修复与说明"),
    "disputes": ("Disputes: two communities claim the same land", "权属争议：两个村（社区）主张同一块土地"),
}
COLUMNS_ZH = {
    "layer": "图层", "path": "文件", "source_layer": "源图层", "geometry": "几何", "rows_found": "源行数",
    "rows": "行数", "crs": "坐标系", "columns": "使用的列", "measure": "指标", "total": "合计", "missing": "缺失",
    "township_id": "乡镇（街道）", "communities": "村（社区）数", "area_km2": "面积（平方千米）", "households": "户数",
    "residents": "人口", "class": "类别", "barrier": "作用", "lines": "条数", "km": "长度（千米）", "fault": "情况",
    "row": "行号", "kind": "决定", "object": "对象", "target": "目标", "community": "社区", "who": "决定人",
    "date": "日期", "means": "所指", "ids": "编号", "n": "数量", "action": "处理", "area_before": "处理前面积",
    "area_after": "处理后面积", "dispute_id": "争议", "names": "双方", "given_to": "暂归", "rule": "依据",
    "area_m2": "面积（平方米）", "width_m": "最宽处（米）", "buildings": "楼栋数", "building_ids": "楼栋",
    "key": "键", "column": "列", "why": "依据", "basis": "口径", "as_of": "日期", "ratio": "比值", "check": "检查项",
    "id": "编号", "name": "名称", "value": "数值", "expected": "通常", "cause": "可能原因", "entry": "条目",
    "status": "结果", "target_name": "对应名称", "confirmed": "确认", "dwellings": "套数",
}  # fmt: skip
DECIMALS = {"area_km2": 2, "km": 2, "width_m": 1, "ratio": 3}
WHY_ZH = {"declared": "项目文件写明", "own name": "列名相同", "synonym": "同义列名"}
BASES_ZH = {"registered": "户籍", "resident": "常住", "dwellings": "套数", "occupied": "入住"}
_MOST_IDS = 5


def inspection_text(city: City, *, lang: str | None = None, meanings: Mapping[int, str] | None = None) -> str:
    """What was found in a city's layers, as aligned text for a terminal; ``lang`` is the city's unless given.

    ``meanings`` says what each row of the decisions table stands for.
    """
    inspection, lang = inspect_city(city, meanings=meanings), lang or city.settings.lang
    blocks = [_heading(inspection, lang)]
    with pd.option_context("display.unicode.east_asian_width", True):
        for name, table in _shown(inspection, lang).items():
            title = TITLES[name][lang == "zh"]
            body = table.to_string(index=False) if len(table) else _none(lang)
            blocks.append(f"{title}\n{body}")
    return "\n\n".join(blocks)


def inspection_dict(city: City, *, meanings: Mapping[int, str] | None = None) -> dict[str, Any]:
    """The inspection as plain values that JSON can hold; missing numbers are None."""
    inspection = inspect_city(city, meanings=meanings)
    tables = {name: _records(_placed(getattr(inspection, name))) for name in (*TITLES, "places")}
    area = float(round(city.communities.area.sum(), 3))
    return {
        "city": city.name,
        "crs": crs_name(city.crs),
        "communities": len(city.communities),
        "area_m2": area,
    } | tables


def write_inspection(
    city: City, file: str | Path, *, lang: str | None = None, meanings: Mapping[int, str] | None = None
) -> Path:
    """Write the inspection as one HTML page that needs no network, replacing the file only once it is whole.

    Beside it a GeoPackage of the same name with ``-faults`` added holds the same for a GIS, in the city's
    CRS: ``faults``, each place with what was found and done, and ``disputes``.

    Raises:
        GridoptError: the target is not a regular file, its folder does not exist, or the disk is full.
    """
    inspection, lang = inspect_city(city, meanings=meanings), lang or city.settings.lang
    page = write_bytes(file, _page(inspection, lang).encode())
    words = inspection.repairs[["fault", "action"]]
    faults = gpd.GeoDataFrame(inspection.places.join(words, on="repair"), crs=city.crs)
    with beside(faults_file(page)) as partial:
        write_geopackage({"faults": faults, "disputes": inspection.disputes}, partial)
    return page


def faults_file(page: str | Path) -> Path:
    """The GeoPackage beside a page of inspection."""
    return Path(page).with_name(f"{Path(page).stem}-faults.gpkg")


def inspection_html(city: City, *, lang: str | None = None, meanings: Mapping[int, str] | None = None) -> str:
    """The inspection as an HTML page: a sketch of the layers and the tables; every value is escaped."""
    return _page(inspect_city(city, meanings=meanings), lang or city.settings.lang)


def _page(inspection: Inspection, lang: str) -> str:
    shown = _shown(inspection, lang)
    record = record_table(shown["repairs"], inspection.places, lang) if len(shown["repairs"]) else ""
    tables = {name: _html_table(table) for name, table in shown.items()} | {"repairs": record}
    if "disputes" in shown:
        tables["disputes"] = dispute_list(shown["disputes"], inspection.places)
    first = [name for name in ("disputes", "repairs") if name in shown]
    sections = "".join(
        f"<h2>{TITLES[name][lang == 'zh']}</h2>" + (tables[name] if len(shown[name]) else f"<p>{_none(lang)}</p>")
        for name in (*first, *(name for name in shown if name not in first))
    )
    title, script = html.escape(inspection.city.name), asset("inspection.js")
    style = _STYLE + asset("inspection.css")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'"
    return (
        f'<!doctype html>\n<html lang="{"zh-CN" if lang == "zh" else "en"}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title><style>{style}</style></head>'
        f"<body><h1>{title}</h1><p>{html.escape(_heading(inspection, lang))}</p>{fault_map(inspection, lang)}{sections}"
        f"<script>{script}</script></body></html>\n"
    )


def _heading(inspection: Inspection, lang: str) -> str:
    city = inspection.city
    count, area, crs = len(city.communities), city.communities.area.sum() / 1e6, crs_name(city.crs)
    if lang == "zh":
        return f"{city.name}：{count:,} 个村（社区），{area:,.2f} 平方千米，坐标系 {crs}"
    return f"{city.name}: {count:,} communities, {area:,.2f} km2, computed in {crs}"


def _none(lang: str) -> str:
    return "（无）" if lang == "zh" else "(none)"


def _shown(inspection: Inspection, lang: str) -> dict[str, pd.DataFrame]:
    """The tables with rounded numbers as text, the first few ids, and headings in the language."""
    city = inspection.city
    here = {"decisions": city.layer("decisions") is not None, "disputes": len(inspection.disputes) > 0}
    here["matches"] = len(inspection.matches) > 0
    tables = {}
    for name in TITLES:
        if here.get(name, True):
            table = _worded(name, getattr(inspection, name).copy(), city, lang)
            for column in table.select_dtypes("number").columns:
                table[column] = [_number(value, DECIMALS.get(column, 0)) for value in table[column]]
            tables[name] = _in_chinese(table) if lang == "zh" else table
    return tables


def _worded(name: str, table: pd.DataFrame, city: City, lang: str) -> pd.DataFrame:
    """What a table holds as codes and long lists, as people read it."""
    if name == "decisions":
        return table.assign(kind=[label(f"decision.{kind}", lang) for kind in table["kind"]])
    if name == "repairs":
        areas = {column: [area_text(value) for value in table[column]] for column in ("area_before", "area_after")}
        return table.assign(ids=[_first_ids(ids) for ids in table["ids"]], **areas)
    if name == "disputes":
        called = city.communities["community"]
        return pd.DataFrame(table.drop(columns=["geometry", "claimants"])).assign(
            given_to=[str(called.get(one, one)) for one in table["given_to"]],
            rule=[RULES[rule][lang == "zh"] for rule in table["rule"]],
            building_ids=[_first_ids(ids) for ids in table["building_ids"]],
        )
    return table


def _in_chinese(table: pd.DataFrame) -> pd.DataFrame:
    words: dict[str, Callable[[str], str]] = {
        "layer": _layer_zh,
        "geometry": _shapes_zh,
        "barrier": lambda kind: BARRIERS_ZH.get(kind, kind),
        "why": lambda why: WHY_ZH.get(why, why),
        "measure": lambda measure: COLUMNS_ZH.get(measure, measure),
        "basis": lambda basis: BASES_ZH.get(basis, basis),
    }
    named = {column: table[column].map(word) for column, word in words.items() if column in table}
    return table.assign(**named).rename(columns=COLUMNS_ZH)


def _layer_zh(name: str) -> str:
    return label(f"layer.{name}") if f"layer.{name}" in TERMS else name


def _shapes_zh(names: str) -> str:
    return "、".join(label(f"geometry.{name}") if f"geometry.{name}" in TERMS else name for name in names.split())


def _number(value: float, decimals: int) -> str:
    return "" if math.isnan(value) else f"{value:,.{decimals}f}"


def _first_ids(ids: str) -> str:
    listed = ids.split(";")
    return "; ".join(listed[:_MOST_IDS]) + (" …" if len(listed) > _MOST_IDS else "")


def _placed(table: pd.DataFrame) -> pd.DataFrame:
    """A table as it stands; one with shapes with the longitude and latitude of a point in each instead."""
    if not isinstance(table, gpd.GeoDataFrame):
        return table
    points = gpd.GeoSeries(table.representative_point(), crs=table.crs).to_crs("EPSG:4326")
    plain = pd.DataFrame(table.drop(columns="geometry"))
    return plain.assign(lon=points.x.round(7).to_numpy(), lat=points.y.round(7).to_numpy())


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    plain = table.astype(object).where(table.notna(), None)
    return [{str(key): value for key, value in row.items()} for row in plain.to_dict("records")]


def _html_table(table: pd.DataFrame) -> str:
    head = "".join(f"<th>{html.escape(str(name))}</th>" for name in table.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(value))}</td>" for value in row) + "</tr>"
        for row in table.itertuples(index=False, name=None)
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


_STYLE = (
    "body{font:15px/1.5 'Noto Sans CJK SC','Microsoft YaHei','PingFang SC',sans-serif;margin:2rem auto;max-width:72rem;"
    "padding:0 1rem;color:#222}h1{margin:0}h2{margin:1.6rem 0 .4rem;font-size:1.1rem}table{border-collapse:collapse;"
    "font-size:.85rem}th,td{border-bottom:1px solid #ddd;padding:.25rem .6rem;text-align:left;vertical-align:top;"
    "overflow-wrap:break-word}th{background:#f3f3f3;white-space:nowrap}"
)
