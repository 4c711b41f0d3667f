"""What the map and the report say besides table words: one sentence each, in Chinese and in English."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from gridopt.grids.plan import Plan

# name: (中文, English); braces take figures that the caller has formatted
_SENTENCES = {
    "map_title": ("{city}网格划分图", "Community grids of {city}"),
    "report_title": ("{city}网格划分方案", "Grid plan of {city}"),
    "assess_title": ("{city}网格现状评估", "Assessment of the grids of {city}"),
    "counts": (
        "{grids} 个网格 · {communities} 个村（社区） · {households} 户 · {residents} 人",
        "{grids} grids · {communities} communities · {households} households · {residents} residents",
    ),
    "search": ("搜索编码、网格、小区、楼栋", "Search code, grid, estate, building"),
    "no_hit": ("没有找到", "Nothing found"),
    "by_place": ("按{level}", "{level}"),
    "by_size": ("按规模", "Size"),
    "by_decision": ("待决定", "To decide"),
    "view": ("底色", "Coloured by"),
    "density": ("人口密度（人/公顷）", "residents a hectare"),
    "walk_mean": ("平均步行距离（米）", "mean walk (m)"),
    "walk_max": ("最远步行距离（米）", "longest walk (m)"),
    "out_of_reach": ("服务半径外：{tier}", "out of reach: {tier}"),
    "all_in_reach": ("全部可达", "all in reach"),
    "reached": ("{tier}可达", "in reach: {tier}"),
    "nobody": ("无人居住", "nobody lives here"),
    "mixed": ("多种类型", "several kinds"),
    "show_decisions": ("须由人决定的网格", "Grids to decide on"),
    "grids_to_decide": ("须决定的网格", "grids to decide on"),
    "show_posts": ("岗位", "Posts"),
    "show_beyond": ("服务半径外的住户", "Homes out of reach"),
    "posts_held": ("岗位（圈内为岗位数）", "posts (their number)"),
    "posts_vacant": ("有缺岗", "some vacant"),
    "households_tail": (" 户", " households"),
    "present": ("演示", "Present"),
    "leave": ("退出演示", "Leave"),
    "print": ("打印", "Print"),
    "buildings_here": ("楼栋", "Buildings"),
    "keys_hint": (
        "←→ 同级切换 · ↑ 上一级 · ↓ 进入 · M 换指标 · Home 全市 · Esc 退出",
        "←→ neighbours · ↑ up · ↓ into · M measure · Home city · Esc leave",
    ),
    "north": ("北", "N"),
    "more_on_screen": ("另有 {n} 项，见电子地图", "{n} more, see the map on screen"),
    "legend": ("图例", "Legend"),
    "shade_note": ("同一色系为同一{level}，深浅区分相邻网格", "One hue a {level}, shades tell grids apart"),
    "decide_outline": ("须由人决定的网格", "grids a person must decide on"),
    "community_border": ("村（社区）界", "community border"),
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
    "size_exempt": ("专属网格，不计规模", "dedicated grid, size not counted"),
    "size_limits": ("{measure}限值按区域类型分别设定", "limits of {measure} are set by area kind"),
    "decide_decide": ("须由人决定", "a person must decide"),
    "decide_information": ("供了解，无须决定", "for information only"),
    "decide_none": ("规则全部满足", "every rule met"),
    "nothing_unmet": ("规则全部满足", "Every rule is met"),
    "seen_against": ("{value}，限值 {limit}", "{value} against {limit}"),
    "seen_against_wish": ("{value}，原拟 {limit}", "{value} instead of {limit}"),
    "offline_note": ("本图不需要网络。坐标系 WGS84", "This map needs no network. Coordinates WGS84"),
    "histogram_x": ("{measure}（{kind}，每个网格）", "{measure} of a grid ({kind})"),
    "tier": ("{n}级设施", "tier {n}"),
    "within": ("{tier} · {metres}米内", "{tier} · within {metres} m"),
    "head_grids": ("网格", "grids"),
    "head_within": ("规模在规定范围内的网格", "grids within the size bounds"),
    "head_within_short": ("规模达标", "within bounds"),
    "head_walk": ("居民到网格中心的平均步行距离", "mean walk to the centre of the grid"),
    "head_unowned": ("没有责任网格的人口", "people without a responsible grid"),
    "head_decide": ("须由人决定的事项", "matters to decide"),
    "metres": ("{n} 米", "{n} m"),
    "listing": ("、", ", "),
    "rule_count": ("{rule}{n}项", "{rule} {n}"),
    "and_more": ("等", " and others"),
    "of_community": ("{community}{n}个网格", "{n} grids of {community}"),
    "decide_nothing": ("没有须由人决定的事项。", "Nothing is left to decide."),
    "decide_something": (
        "须由人决定的事项共 {n} 项（{rules}），涉及{where}{more}，逐项原因和建议见“需说明事项”。",
        "To be decided: {n} ({rules}), at {where}{more}; reasons and remedies are listed below.",
    ),
    "proof_none": (
        "本方案与最优方案的差距尚未证明。",
        "How far this plan is from the best possible one has not been proved.",
    ),
    "proof_partly": (
        "与最优方案的差距已对部分村（社区）证明，覆盖 {share} 的人口；全市尚未证明。",
        "The distance from the best possible plan is proved for communities with {share} of the people, "
        "not yet for the whole city.",
    ),
    "proof_best": (
        "已证明：在现行规则下，没有综合评分更好的方案。",
        "Proved: under these rules no plan scores better.",
    ),
    "proof_gap": (
        "已证明：在现行规则下，任何方案的综合评分最多只能比本方案再好 {gap}。",
        "Proved: under these rules no plan can score more than {gap} better than this one.",
    ),
    "before": ("现状", "Today"),
    "after": ("方案", "Plan"),
    "place_border": ("{level}界", "{level} border"),
    "map_caption": ("网格划分图：同一色系为同一{level}", "The grids: one hue a {level}"),
    "size_caption": ("网格规模", "size of grids"),
    "decision_caption": ("须由人决定和供了解的网格", "grids to decide on, and for information"),
    "histogram_caption": (
        "网格规模分布：红线为上下限，浅绿为适宜范围",
        "Sizes of grids: bounds in red, the comfortable range in green",
    ),
    "totals": ("分村（社区）汇总", "Totals by community"),
    "all_city": ("合计", "total"),
    "hectares": ("面积（公顷）", "area (ha)"),
    "size_range": ("每格{measure}", "{measure} of a grid"),
    "sizes": ("网格规模", "Sizes"),
    "sizes_said": (
        "每个网格的{measure}中位数为 {median}，最少 {least}，最多 {most}；{share} 的网格在规定范围内（专属网格不计）。",
        "{measure} of a grid: median {median}, from {least} to {most}; {share} of the grids are within their "
        "bounds (dedicated grids not counted).",
    ),
    "worst": ("最需关注的网格", "Grids that need most attention"),
    "worst_size": ("规模偏离最大", "Farthest from their size"),
    "worst_walk": ("步行最远", "Longest walks"),
    "matters_decide": ("须由人决定（{n}项）", "To decide ({n})"),
    "matters_information": ("供了解（{n}项）", "For information ({n})"),
    "matters_no_decide": ("没有须由人决定的事项。", "Nothing is left to decide."),
    "matters_no_information": ("没有。", "None."),
    "other_language": (
        "原因与建议保留方案划分时所用的语言。",
        "Reasons and remedies are in the language that the plan was drawn in.",
    ),
    "more_rows": ("另有 {n} 项，见 tables.xlsx。", "{n} more are listed in tables.xlsx."),
    "maps": ("专题图", "Maps"),
    "staff": ("网格员配置", "Staff"),
    "staff_said": ("按配比计算的岗位数，不含人员姓名。", "Posts by ratio; people are not named."),
    "vacancies": ("各地缺岗", "Vacant posts by place"),
    "vacancies_said": (
        "名册中无人可任的岗位；跨村（社区）的岗位计入所在乡镇（街道）。",
        "Posts that nobody of the roster could be given; a post over several communities counts in its township.",
    ),
    "posts_per_grid": ("平均每格", "per grid"),
    "households_per_post": ("平均每岗户数", "households per post"),
    "reach_said": (
        "在距离标准内有服务设施的人口占比；按直线还是步行计算，依区域类型而定。",
        "The share of people with a service within the limit, in a straight line or on foot as each area kind asks.",
    ),
    "events_said": (
        "共 {n} 件事件落到村（社区），其中 {grids} 件落到网格；只知村（社区）的事件不计入网格。",
        "{n} events lie in a community, {grids} of them in a grid; of the others only the community is known.",
    ),
    "hot_spots": ("事件高发地", "Hot spots"),
    "hot_spots_said": (
        "事件数明显多于按人口应有数的地点（泊松检验，误报不超过 5%）；宜先实地了解。",
        "Places with more events than their residents' share would give by chance (Poisson, at most 5% false alarms): "
        "where to look first.",
    ),
    "no_hot_spots": ("没有明显多于应有数的地点。", "No place has clearly more than its share."),
    "year_unknown": ("日期不明", "no date"),
    "communities_met": ("达标村（社区）", "communities on target"),
    "by_area": ("按区域类型", "by area kind"),
    "repairs": ("数据修补", "Repairs to the data"),
    "repairs_said": ("读取资料时所做的修补，原始文件未改动。", "Made while reading; the files given are unchanged."),
    "no_repairs": ("资料无须修补。", "The data needed no repair."),
    "glossary": ("名词解释", "Words"),
    "no_font": (
        "本机没有中文字体，图中以编码和数字代替名称。",
        "No font with Chinese characters is installed here: pictures show codes instead of names.",
    ),
    "report_foot": (
        "本报告由 gridopt 生成，打开时不需要网络。规则中的默认数值请结合本地实际确认。",
        "Made by gridopt; opens without a network. Default figures of the rules are to be confirmed locally.",
    ),
    "choice_title": ("{city}：{n} 个可选方案", "{city}: {n} plans to choose from"),
    "choice_plan": ("方案{n}", "plan {n}"),
    "choice_even": ("均衡", "even weights"),
    "choice_emphasis": ("偏重{terms}", "more weight: {terms}"),
    "choice_today": ("现状", "today"),
    "choice_map": ("{plan}：{share} 的人口改属其他网格", "{plan}: {share} of the people change grid"),
    "choice_map_first": ("{plan}", "{plan}"),
    "choice_axis": ("{term}：比方案一差多少（%）", "{term}: worse than plan 1 by (%)"),
    "choice_less": ("{term}（越小越好）", "{term} (less is better)"),
    "choice_better": ("更好", "better"),
    "choice_front": ("取舍前沿", "front"),
    "choice_considered": ("其他试算方案", "other plans weighed"),
    "choice_moved": ("比{reference}改属其他网格", "in another grid than {reference}"),
    "choice_moved_land": ("其中无居民的土地", "the same, land without people"),
    "choice_walk_mean_m": ("平均步行\n（米）", "mean walk\n(m)"),
    "choice_cut_border_m": ("网格间边界\n（公里）", "borders\n(km)"),
    "choice_comfort_share": ("规模适宜的\n网格", "grids of\ngood size"),
    "choice_change": ("比{reference}\n改属人口", "moved from\n{reference}"),
    "choice_to_decide": ("须决定\n（项）", "to\ndecide"),
    "why": ("逐格说明", "Grid by grid"),
    "why_said": (
        "每个网格为何如此：适用的规则、规模、边界、步行，以及哪些规则作了让步、谁作了决定。",
        "Why each grid is as it is: its rules, size, border and walks, what gave way, who decided.",
    ),
    "why_search": (
        "按 Ctrl+F 输入编码、网格名称、小区或道路即可找到，所在村（社区）会自动展开。",
        "Press Ctrl+F and type a code, a grid, an estate or a road: its community unfolds by itself.",
    ),
    "why_measure": ("计量", "counted in"),
    "why_bounds": ("规模上下限", "bounds"),
    "why_target": ("目标", "target"),
    "why_size": ("规模", "size"),
    "why_border": ("边界", "border"),
    "why_walk": ("步行", "walk"),
    "why_gave_way": ("让步", "gave way"),
    "why_decided": ("决定", "decided"),
    "community": ("村（社区）", "community"),
    "building_tail": (" 幢", " buildings"),
}

SENTENCES: Mapping[str, tuple[str, str]] = MappingProxyType(_SENTENCES)


def say(name: str, lang: str, **figures: Any) -> str:
    """One sentence in a language, its braces filled."""
    zh, en = SENTENCES[name]
    return (zh if lang == "zh" else en).format(**figures)


def speaks_otherwise(plan: Plan, lang: str) -> bool:
    """Whether the plan's reasons and remedies are in another language than a reader's: that in which it was drawn."""
    return len(plan.violations) > 0 and lang != plan.city.settings.lang


def capital(text: str) -> str:
    """A text as it begins a line of its own."""
    return text[:1].upper() + text[1:]


def number(value: float | None, decimals: int = 0) -> str:
    """A figure with thousands separators, "–" where it is unknown."""
    return "–" if value is None or math.isnan(value) else f"{value:,.{decimals}f}"


def percent(share: float | None, decimals: int = 1) -> str:
    """A share of 0..1 as per cent, "–" where it is unknown."""
    return "–" if share is None or math.isnan(share) else f"{share * 100:.{decimals}f}%"
