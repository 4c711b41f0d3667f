"""What the map sheets say, in Chinese and English."""

from __future__ import annotations

# name: (中文, English)
_WORDS = {
    "title": ("{community}网格划分图", "Community grids of {community}"),
    "place": ("{name}（{code}）", "{name} ({code})"),
    "between": ("　", " · "),
    "totals": (
        "{grids}个网格　{households}户　{residents}人　{buildings}幢",
        "{grids} grids · {households} households · {residents} residents · {buildings} buildings",
    ),
    "community_bounds": ("四至：{text}", "Bounds: {text}"),
    "grid": ("网格编码", "grid code"),
    "name": ("名称", "name"),
    "households": ("户数", "house-\nholds"),
    "residents": ("人口", "resi-\ndents"),
    "buildings": ("楼栋", "build-\nings"),
    "chief": ("网格长", "chiefs"),
    "worker": ("网格员", "workers"),
    "scope": ("范围：{text}", "Holds: {text}"),
    "bounds": ("四至：{text}", "Bounds: {text}"),
    "no_letters": ("见 tables.xlsx", "see tables.xlsx"),
    "total": ("合计", "total"),
    "continued": ("{title}（续表）", "{title} (continued)"),
    "enlarged": ("{title}（详图）", "{title} (enlarged maps)"),
    "goes_on": ("接下页", "continued on the next page"),
    "comment": ("修改意见（可另附页，或填写 decisions.xlsx）", "Changes asked for (or in decisions.xlsx)"),
    "of_community": ("社区（村）意见", "Opinion of the community (village)"),
    "of_township": ("乡镇（街道）意见", "Opinion of the township (subdistrict)"),
    "signed": ("负责人签字：", "Signed:"),
    "seal": ("（盖章）", "(seal)"),
    "day": ("　　年　　月　　日", "Date:                      "),
    "community_border": ("村（社区）界", "community border"),
    "grid_border": ("网格界", "grid border"),
    "current_grids": ("原网格界", "grids until now"),
    "roads": ("道路", "road"),
    "rivers": ("水系", "water"),
    "railways": ("铁路", "railway"),
    "walls": ("围墙", "wall"),
    "crossings": ("出入口、通道", "gate, crossing"),
    "buildings_shown": ("楼栋", "building"),
    "scale": ("1:{n}", "1:{n}"),
    "north": ("北", "N"),
    "version": ("版本：{text}", "Version: {text}"),
    "from": ("启用日期：{text}", "In force from: {text}"),
    "no_date": ("　　年　月　日", "____-__-__"),
    "page": ("第{n}页　共{of}页", "page {n} of {of}"),
    "numbers_enlarged": (
        "图中框内楼号见详图{names}（第{pages}页）",
        "Building numbers within the frames: enlarged maps {names} (page {pages})",
    ),
    "numbers_left": ("另有{n}个楼号未注记，见范围栏", "{n} more building numbers: see what each grid holds"),
    "detail": ("详图{name}", "Enlarged map {name}"),
    "no_font": ("", "No font with Chinese characters is installed: codes stand for names."),
    "index_title": ("{township}网格划分图册", "Atlas of grids: {township}"),
    "whole": ("全域", "whole plan"),
    "sheet": ("页次", "page"),
    "community": ("村（社区）", "community"),
    "community_id": ("编码", "code"),
    "n_grids": ("网格", "grids"),
}


def say(name: str, lang: str, /, **values: object) -> str:
    """One phrase in one language."""
    return _WORDS[name][0 if lang == "zh" else 1].format(**values)
