"""What the map and the report say besides table words: one sentence each, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

# name: (中文, English); braces take figures that the caller has formatted
_SENTENCES = {
    "map_title": ("{city}网格划分图", "Community grids of {city}"),
    "report_title": ("{city}网格划分方案", "Grid plan of {city}"),
    "assess_title": ("{city}网格现状评估", "Assessment of the grids of {city}"),
    "counts": (
        "{grids} 个网格 · {communities} 个村(社区) · {households} 户 · {residents} 人",
        "{grids} grids · {communities} communities · {households} households · {residents} residents",
    ),
    "search": ("搜索编码、网格、小区、楼栋", "Search code, grid, estate, building"),
    "no_hit": ("没有找到", "Nothing found"),
    "by_community": ("按社区", "Community"),
    "by_size": ("按规模", "Size"),
    "by_decision": ("待决定", "To decide"),
    "legend": ("图例", "Legend"),
    "shade_note": ("同色系为同一村(社区),深浅区分相邻网格", "One hue a community, shades tell grids apart"),
    "decide_outline": ("须由人决定的网格", "grids a person must decide on"),
    "community_border": ("村(社区)界", "community border"),
    "grid_border": ("网格界", "grid border"),
    "show_labels": ("标注", "Labels"),
    "show_ground": ("道路、水系、楼栋", "Roads, water, buildings"),
    "show_facilities": ("服务设施", "Facilities"),
    "close": ("关闭", "Close"),
    "reset": ("全图", "Whole city"),
    "clear": ("清除", "Clear"),
    "grid_tail": ("{n} 个网格", "{n} grids"),
    "size_below": ("低于下限", "below the least size"),
    "size_low": ("偏小", "rather small"),
    "size_comfort": ("适宜", "comfortable"),
    "size_high": ("偏大", "rather large"),
    "size_above": ("超过上限", "above the greatest size"),
    "size_exempt": ("专属网格,不计规模", "dedicated grid, size not counted"),
    "size_limits": ("{measure}限值按区域类型分别设定", "limits of {measure} are set by area kind"),
    "decide_decide": ("须由人决定", "a person must decide"),
    "decide_information": ("供了解,无须决定", "for information only"),
    "decide_none": ("规则全部满足", "every rule met"),
    "nothing_unmet": ("规则全部满足", "Every rule is met"),
    "seen_against": ("{value},限值 {limit}", "{value} against {limit}"),
    "offline_note": ("本图不需要网络。坐标系 WGS84", "This map needs no network. Coordinates WGS84"),
    "histogram_x": ("{measure}（{kind}，每个网格）", "{measure} of a grid ({kind})"),
    "tier": ("{n}级设施", "tier {n}"),
    "within": ("{tier} · {metres}米内", "{tier} · within {metres} m"),
    "community": ("村(社区)", "community"),
    "building_tail": (" 幢", " buildings"),
}

SENTENCES: Mapping[str, tuple[str, str]] = MappingProxyType(_SENTENCES)


def say(name: str, lang: str, **figures: Any) -> str:
    """One sentence in a language, its braces filled."""
    zh, en = SENTENCES[name]
    return (zh if lang == "zh" else en).format(**figures)


def number(value: float, decimals: int = 0) -> str:
    """A figure with thousands separators, "–" where it is unknown."""
    return "–" if value is None or value != value else f"{value:,.{decimals}f}"


def percent(share: float | None, decimals: int = 1) -> str:
    """A share of 0..1 as per cent, "–" where it is unknown."""
    return "–" if share is None or share != share else f"{share * 100:.{decimals}f}%"
