"""An inspection for people and programs: as text, as plain values, as one HTML page."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from gridopt.city import City
from gridopt.coordinates import crs_name
from gridopt.publish.atomic import write_bytes
from gridopt.read.inspection import Inspection, inspect_city
from gridopt.terms import TERMS, label

TITLES: Mapping[str, tuple[str, str]] = {
    "layers": ("Layers", "图层"),
    "totals": ("Totals", "合计"),
    "townships": ("By township", "分乡镇（街道）"),
    "barriers": ("Barriers by class", "各类边界线"),
    "decisions": ("Decisions", "人工决定"),
    "repairs": ("Repairs and notes", "修复与说明"),
}
COLUMNS_ZH = {
    "layer": "图层", "path": "文件", "source_layer": "源图层", "geometry": "几何", "rows_found": "源行数",
    "rows": "行数", "crs": "坐标系", "columns": "使用的列", "measure": "指标", "total": "合计", "missing": "缺失",
    "township_id": "乡镇（街道）", "communities": "村（社区）数", "area_km2": "面积（平方千米）", "households": "户数",
    "residents": "人口", "class": "类别", "barrier": "作用", "lines": "条数", "km": "长度（千米）", "fault": "情况",
    "row": "行号", "kind": "决定", "object": "对象", "target": "目标", "community": "社区", "who": "决定人",
    "date": "日期", "means": "所指", "ids": "编号", "n": "数量", "action": "处理", "area_before": "处理前面积",
    "area_after": "处理后面积",
}  # fmt: skip
BARRIERS_ZH = {"wall": "不可跨越", "seam": "宜作边界", "none": "无影响"}
BARRIER_COLOURS = {"wall": "#b2182b", "seam": "#2166ac", "none": "#bbbbbb"}
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
    tables = {name: _records(getattr(inspection, name)) for name in TITLES}
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

    Raises:
        GridoptError: the target is not a regular file, its folder does not exist, or the disk is full.
    """
    return write_bytes(file, inspection_html(city, lang=lang, meanings=meanings).encode())


def inspection_html(city: City, *, lang: str | None = None, meanings: Mapping[int, str] | None = None) -> str:
    """The inspection as an HTML page: a sketch of the layers and the tables; every value is escaped."""
    inspection, lang = inspect_city(city, meanings=meanings), lang or city.settings.lang
    sections = "".join(
        f"<h2>{TITLES[name][lang == 'zh']}</h2>" + (_html_table(table) if len(table) else f"<p>{_none(lang)}</p>")
        for name, table in _shown(inspection, lang).items()
    )
    title = html.escape(city.name)
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    return (
        f'<!doctype html>\n<html lang="{"zh-CN" if lang == "zh" else "en"}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title><style>{_STYLE}</style></head>'
        f"<body><h1>{title}</h1><p>{html.escape(_heading(inspection, lang))}</p>{_sketch(inspection, lang)}{sections}"
        "</body></html>\n"
    )


def _heading(inspection: Inspection, lang: str) -> str:
    city = inspection.city
    count, area, crs = len(city.communities), city.communities.area.sum() / 1e6, crs_name(city.crs)
    if lang == "zh":
        return f"{city.name}：{count} 个村（社区），{area:,.2f} 平方千米，坐标系 {crs}"
    return f"{city.name}: {count} communities, {area:,.2f} km2, computed in {crs}"


def _none(lang: str) -> str:
    return "（无）" if lang == "zh" else "(none)"


def _shown(inspection: Inspection, lang: str) -> dict[str, pd.DataFrame]:
    """The tables with rounded numbers as text, the first few ids, and headings in the language."""
    tables = {}
    for name in TITLES:
        table = getattr(inspection, name).copy()
        if name == "decisions" and inspection.city.layer("decisions") is None:
            continue
        for column in table.select_dtypes("number").columns:
            decimals = 2 if column in ("area_km2", "km") else 0
            table[column] = [_number(value, decimals) for value in table[column]]
        if name == "decisions":
            table["kind"] = [label(f"decision.{kind}", lang) for kind in table["kind"]]
        if name == "repairs":
            table["ids"] = [_first_ids(ids) for ids in table["ids"]]
        if lang == "zh":
            table = table.assign(geometry=table["geometry"].map(_shapes_zh)) if "geometry" in table else table
            table = table.assign(barrier=table["barrier"].map(BARRIERS_ZH)) if "barrier" in table else table
            table = table.rename(columns=COLUMNS_ZH)
        tables[name] = table
    return tables


def _shapes_zh(names: str) -> str:
    return "、".join(label(f"geometry.{name}") if f"geometry.{name}" in TERMS else name for name in names.split())


def _number(value: float, decimals: int) -> str:
    return "" if math.isnan(value) else f"{value:,.{decimals}f}"


def _first_ids(ids: str) -> str:
    listed = ids.split(";")
    return "; ".join(listed[:_MOST_IDS]) + (" …" if len(listed) > _MOST_IDS else "")


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
    "svg{max-width:100%;max-height:80vh;border:1px solid #ddd;background:#fff}"
    ".key span{margin-right:1.2rem}"
)
_WIDTH = 900
_MOST_SHAPES = 20_000


def _sketch(inspection: Inspection, lang: str) -> str:
    """A map of the communities, the buildings and every barrier with its class, as SVG."""
    communities = inspection.city.communities
    west, south, east, north = communities.total_bounds
    scale = _WIDTH / max(east - west, 1e-9)
    step = 1 / scale

    def drawn(shapes: gpd.GeoSeries, style: str) -> str:
        paths = "".join(_path(shape, west, north, scale) for shape in shapes.simplify(step)[:_MOST_SHAPES])
        return f'<path d="{paths}" {style}/>'

    layers = [drawn(communities.geometry, 'fill="#f6f3ea" stroke="#555" stroke-width="1.2"')]
    buildings = inspection.city.layer("buildings")
    if buildings is not None:
        layers.append(drawn(buildings.geometry, 'fill="#cfc7b8" stroke="none"'))
    for name in ("roads", "rivers", "railways", "walls"):
        lines = inspection.city.layer(name)
        for barrier, colour in BARRIER_COLOURS.items() if lines is not None else ():
            chosen = lines.geometry[lines["barrier"] == barrier]
            layers.append(
                drawn(chosen, f'fill="none" stroke="{colour}" stroke-width="{2 if barrier == "wall" else 1}"')
            )
    height = math.ceil((north - south) * scale)
    words = BARRIERS_ZH if lang == "zh" else {"wall": "wall", "seam": "seam", "none": "no barrier"}
    key = "".join(f'<span style="color:{BARRIER_COLOURS[kind]}">━ {word}</span>' for kind, word in words.items())
    has_lines = len(inspection.barriers) > 0
    return f'<svg viewBox="-4 -4 {_WIDTH + 8} {height + 8}" width="{_WIDTH}">{"".join(layers)}</svg>' + (
        f'<p class="key">{key}</p>' if has_lines else ""
    )


def _path(shape: shapely.Geometry, west: float, north: float, scale: float) -> str:
    if shape is None or shape.is_empty:
        return ""
    pieces = []
    for part in shapely.get_parts(shape):
        rings = [part.exterior, *part.interiors] if part.geom_type == "Polygon" else [part]
        for ring in rings:
            points = shapely.get_coordinates(ring)
            pairs = " ".join(f"{(x - west) * scale:.1f},{(north - y) * scale:.1f}" for x, y in points)
            pieces.append(f"M{pairs}" if len(points) > 1 else f"M{pairs}h1v1")
    return "".join(pieces)
