"""A first project file for a folder of layers: what was found is filled in, what was not is shown as a comment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from gridopt.errors import TableError
from gridopt.publish.atomic import write_bytes
from gridopt.read.project import LAYERS
from gridopt.read.scan import NEEDED, Found, scan_folder
from gridopt.terms import TERMS, label

FILE_NAME = "project.toml"

LAYER_NOTES: Mapping[str, tuple[str, str]] = {
    "communities": ("what a grid may not cross; required: path and id", "村（社区）界，网格不得跨越；必填 path 与 id"),
    "units": (
        "ready-made units; without them, built from barriers and buildings",
        "现成的划分单元；没有则由道路、河流、楼栋生成",
    ),
    "buildings": (
        "polygons or points: floors or height, floor_area, households, dwellings, use, estate, group",
        "楼栋面或点：层数或高度、户数、套数、用途、小区、村民小组",
    ),
    "population": (
        'control totals by community (or level = "units", "blocks"), or a raster',
        '按村（社区）的总数（或 level = "units"、"blocks"），或人口栅格',
    ),
    "roads": ("with class, name, width", "含等级、名称、宽度"),
    "rivers": ("lines or polygons", "线或面"),
    "railways": ("lines", "线"),
    "walls": ("walls of estates", "小区围墙"),
    "crossings": ("bridges, underpasses, gates", "桥梁、地道、出入口"),
    "estates": ("kept whole", "保持完整的小区"),
    "groups": (
        "villagers' groups, natural villages: areas, or points in their middle",
        "村民小组、自然村：面，或其中心点",
    ),
    "dedicated": ("institutions that form their own grid", "单独成为专属网格的单位"),
    "facilities": ("with a tier column", "须有层级列 tier"),
    "events": ("points with date and kind, or counts by community", "含日期、种类的点，或按村（社区）的计数"),
    "roster": ("people: role, employment, base, capacity", "人员：岗位、专兼职、驻地、容量"),
    "current_grids": ("today's grids, to be measured by the same ruler", "现有网格，用同一把尺子评估"),
    "decisions": ("settled by hand, held at every run: a spreadsheet", "人工决定，每次划分都遵守：电子表格"),
}

EXAMPLES: Mapping[str, tuple[str, str]] = {
    "population": (
        """\
# path = "counts.xlsx"
# level = "buildings"          # or estates, units, community, blocks (polygons): what a row counts
# id = "..."                   # their ids; without them rows are joined by community, estate, number and name
# matches = "matches.xlsx"     # rows that someone confirmed: gridopt inspect project.toml --sheets matches.xlsx
# basis = { households = "registered", residents = "resident" }    # or dwellings, occupied
# as_of = "2025-12-31"
# occupancy = 0.85             # households from dwellings, where only these are known""",
        """\
# path = "户数.xlsx"
# level = "buildings"          # 每行所计：buildings 楼栋、estates 小区、units 划分单元、
#                              # community 村（社区）、blocks 街区（面）
# id = "..."                   # 编码列；没有编码时按社区、小区、楼号、名称对应
# matches = "对应表.xlsx"      # 经人工确认的对应：gridopt inspect project.toml --sheets 对应表.xlsx
# basis = { households = "户籍", residents = "常住" }    # 或 套数、入住
# as_of = "2025-12-31"
# occupancy = 0.85             # 仅有套数时，户数 = 套数 × 入住率""",
    ),
    "decisions": (
        """\
# path = "decisions.xlsx"      # or .csv; one decision a row, under these headers:
#   kind     | object         | target         | community | who | date | reason
#   belongs  | 金狮小区5幢    | 三网格         | 金狮社区  |          5幢 lies in grid 3 (or in the community named)
#   together | 金狮小区       | 银河苑3幢      |           |          both lie in one grid
#   apart    | 银河苑         | 老街           |           |          no grid holds parts of both
#   frozen   | 二网格         |                | 金狮社区  |          this current grid stays exactly as it is
#   border   | 建设路         |                |           |          grids end at this road or river
#   name     | 金狮小区5幢    | 金狮北苑网格   |           |          the grid that holds 5幢 is called so
#   code     | 银河苑         | 003            |           |          the grid that holds it has this number or code""",
        """\
# path = "人工决定.xlsx"       # 或 .csv；每行一条决定，表头如下：
#   决定 | 对象        | 目标         | 社区     | 决定人 | 日期 | 理由
#   归属 | 金狮小区5幢 | 三网格       | 金狮社区 |   5幢归三网格（目标也可写社区）
#   同格 | 金狮小区    | 银河苑3幢    |          |   两者划入同一网格
#   分格 | 银河苑      | 老街         |          |   任何网格不得同时含有两者
#   保持 | 二网格      |              | 金狮社区 |   现有网格保持不变
#   边界 | 建设路      |              |          |   网格以此路（河）为界
#   名称 | 金狮小区5幢 | 金狮北苑网格 |          |   5幢所在网格的名称
#   编码 | 银河苑      | 003          |          |   银河苑所在网格的编码或顺序码""",
    ),
}
"""Layer -> what its section shows where no such layer was found: lines that are all comments."""

RULES: Mapping[str, str] = {
    "en": """
# Rules: the defaults are provincial practice; confirm each locally.
[rules.size]                 # moderate in size
measure = "households"       # or a formula over columns of units or buildings: "households + 0.5*shops"
low = 300
target = 350                 # chooses the number of grids
high = 500
comfort = [330, 450]         # no border moves for size inside it
stretch = 1.2                # how far above high before a kept-whole group is split
count = "auto"               # follows from target; or a number for the city, a table by township or community id,
                             # or "free": every number within low and high is tried
also = { residents = { high = 2500 } }
# weight_by = { elderly_alone = 0.5 }        # care load: so much more for each of a counted column

[rules.proximity]            # near and convenient
weight = 1.0

[rules.governance]           # easy to govern
weight = 1.0
keep_whole = ["estates"]
# barriers = { "road.primary" = "wall" }     # restates a class: wall, seam or none

# Any rule may be restated for an area kind: urban, old_town, fringe, commercial, park, rural, hill.
[rules.area.rural.size]
low = 100
target = 250
high = 400
comfort = [150, 350]

# The area kind of communities without a kind or an urban-rural class, by residents a km2 and how scattered they live.
[rules.kinds]
urban_density = 5000         # residents a square kilometre from which a community is urban
fringe_density = 1500        # from which it is fringe; below that rural,
settled = 0.5                # unless this share of its hectares has a building
# unstated = "urban"         # judges none of them: all are of this kind

[rules.people]
household_size = 2.6         # residents of a household, where only one of the two is known

# Workload in minutes of service a month; without this table it is the number of households.
# [rules.workload]
# service = { households = 10 }              # minutes for one of each counted column
# events = { other = 40 }                    # minutes for an event, by kind; other: every kind not named
# months = 12                                # that the events layer covers
# area = 0                                   # minutes for a hectare
# patrols = 8                                # rounds past every stop
# stops = "buildings"                        # a formula over columns
# patrol_speed = 4                           # kilometres an hour

[rules.code]
template = "auto"            # stat15 where every community id has 12 digits
# in_force = "keep"          # codes of current_grids go on where a drawn grid continues one; or "renumber"
""",
    "zh": """
# 规则：默认值为各省常见做法，请结合本地规定逐项确认。
[rules.size]                 # 规模适度
measure = "households"       # 按户数；也可为单元或楼栋各列的公式："households + 0.5*shops"
low = 300
target = 350                 # 决定网格个数
high = 500
comfort = [330, 450]         # 在此范围内不为规模移动边界
stretch = 1.2                # 完整小区可超过上限的倍数，再超则拆分
count = "auto"               # 由 target 推算；也可为全市总数、按乡镇（街道）或村（社区）编码的表，
                             # 或 "free"：上下限之内的每个数都试
also = { residents = { high = 2500 } }
# weight_by = { elderly_alone = 0.5 }        # 关爱负荷：所列各列每一个另计若干

[rules.proximity]            # 就近就便
weight = 1.0

[rules.governance]           # 有利治理
weight = 1.0
keep_whole = ["estates"]
# barriers = { "road.primary" = "wall" }     # 改定某类线：wall 不可跨越，seam 宜作边界，none 无影响

# 任何规则都可按区域类型另定：urban, old_town, fringe, commercial, park, rural, hill
[rules.area.rural.size]
low = 100
target = 250
high = 400
comfort = [150, 350]

# 未给出区域类型和城乡分类的村（社区），按人口密度和居住分散程度判定
[rules.kinds]
urban_density = 5000         # 每平方千米常住人口，达到即为城区
fringe_density = 1500        # 达到即为城乡结合部；更低为农村，
settled = 0.5                # 但有建筑的公顷格占比达到此值时仍为城乡结合部
# unstated = "urban"         # 不作判定，一律为此类型

[rules.people]
household_size = 2.6         # 户均人口，户数、人口只知其一时据此推算

# 工作量：每月服务分钟数；不设此表时按户数计
# [rules.workload]
# service = { households = 10 }              # 所列各列每一个的分钟数
# events = { other = 40 }                    # 每件事件的分钟数，按种类；other 为其余种类
# months = 12                                # 事件图层覆盖的月数
# area = 0                                   # 每公顷的分钟数
# patrols = 8                                # 每月巡查遍数
# stops = "buildings"                        # 巡查点，可为各列的公式
# patrol_speed = 4                           # 公里每小时

[rules.code]
template = "auto"            # 村（社区）编码均为 12 位时用 stat15
# in_force = "keep"          # 新网格延续现有网格的，沿用其编码；或 "renumber" 全部重新编号
""",
}


def new_project(folder: str | Path, *, lang: str = "en") -> Path:
    """Write a commented ``project.toml`` for the layers found in a folder, and return its path.

    Raises:
        TableError: the folder does not exist, or already has a ``project.toml``: it is never overwritten.
    """
    root = Path(folder)
    target = root / FILE_NAME
    if not root.is_dir():
        raise TableError(
            f"{root} is not a folder. Name the folder of your layers.", zh=f"{root} 不是文件夹。请指明图层所在文件夹。"
        )
    if target.exists():
        raise TableError(
            f"{target} is already there and is not overwritten. Edit it, or move it away first.",
            zh=f"{target} 已存在，不会覆盖。请直接编辑，或先移走。",
        )
    text = project_text(root.resolve().name, scan_folder(root), lang=lang)
    return write_bytes(target, text.encode())


def project_text(name: str, found: Sequence[Found], *, lang: str = "en") -> str:
    """The text of a project file for layers that were found."""
    zh = lang == "zh"
    head = [
        "# gridopt 项目文件。路径以本文件所在文件夹为准；带 # 的行不起作用。" if zh
        else "# A gridopt project file. Paths are relative to this file; lines that begin with # are off.",
        "[city]",
        f"name = {_quoted(name)}",
        '# crs = "EPSG:4549"          # 默认自动选择 CGCS2000 三度带或 UTM' if zh
        else '# crs = "EPSG:4549"          # default: the CGCS2000 3-degree zone or UTM zone of the communities',
        '# edition = "2023"           # 区划代码版本' if zh else '# edition = "2023"           # of the division codes',
        '# valid_from = "2026-01-01"',
    ]  # fmt: skip
    by_role = {layer.role: layer for layer in found if layer.role}
    parts = ["\n".join(head)]
    parts += [_section(role, by_role.get(role), zh) for role in LAYERS if role in LAYER_NOTES]
    others = [layer for layer in found if not layer.role]
    if others:
        title = "# 其他文件和图层（未使用）：" if zh else "# Further files and layers, not used:"
        parts.append("\n".join([title, *(f"#   {_described(layer, zh)}" for layer in others)]))
    return "\n\n".join(parts) + "\n" + RULES["zh" if zh else "en"]


def _section(role: str, layer: Found | None, zh: bool) -> str:
    note = LAYER_NOTES[role][zh]
    if layer is None and role != "communities":
        head = f"# [layers.{role}]{' ' * max(1, 16 - len(role))}# {note}"
        return "\n".join([head, *([EXAMPLES[role][zh]] if role in EXAMPLES else [])])
    if layer is not None and role != "communities" and not layer.is_complete:
        lacking = ", ".join(key for key in NEEDED[role] if key not in layer.columns)
        place = _described(layer, zh)
        words = f"可能是 {place}，但找不到列 {lacking}" if zh else f"perhaps {place}, but no column for {lacking}"
        return f"# [layers.{role}]{' ' * max(1, 16 - len(role))}# {note}\n#   {words}"
    lines = [f"[layers.{role}]{' ' * max(1, 18 - len(role))}# {note}"]
    if layer is None:
        return "\n".join([*lines, '# path = "..."', '# id = "..."'])
    lines.append(f"path = {_quoted(layer.path)}")
    if layer.layer is not None:
        lines.append(f"layer = {_quoted(layer.layer)}")
    if layer.level:
        why = (
            "多边形比村（社区）更细：各自的总数在其范围内分摊"
            if zh
            else "finer than the communities: each total is kept"
        )
        lines.append(f'level = "{layer.level}"         # {why}')
    lines += [f"{key} = {_quoted(column)}" for key, column in layer.columns.items()]
    if role == "communities" and "id" not in layer.columns:
        lines.append('# id = "..."              # ' + ("必填" if zh else "required"))
    if layer.crs is None and layer.kind not in ("table", "raster"):
        lines.append(
            '# crs = "EPSG:..."        # ' + ("图层没有坐标系，必填" if zh else "the layer names none: required")
        )
    unused = [name for name in layer.names if name not in layer.columns.values()]
    if layer.kind != "raster":
        lines.append("# " + (f"{layer.rows} 行" if zh else f"{layer.rows} rows") + _rest(unused, zh))
    return "\n".join(lines)


def _rest(names: Sequence[str], zh: bool) -> str:
    listed = ", ".join(" ".join(name.split()) for name in names[:20])
    return (f"；其余列：{listed}" if zh else f"; other columns: {listed}") if names else ""


def _described(layer: Found, zh: bool) -> str:
    place = f"{layer.path} [{layer.layer}]" if layer.layer else layer.path
    kind = label(f"geometry.{layer.kind}", "zh" if zh else "en") if f"geometry.{layer.kind}" in TERMS else layer.kind
    rows = [] if layer.kind == "raster" else [f"{layer.rows} 行" if zh else f"{layer.rows} rows"]
    facts = ("，" if zh else ", ").join([kind, *rows, *layer.names[:12]])
    return f"{' '.join(place.split())}{'：' if zh else ': '}{' '.join(layer.trouble.split()) or facts}"


def _quoted(text: str) -> str:
    """Text as a TOML basic string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return (
        '"'
        + "".join(letter if ord(letter) >= 32 and letter != "\x7f" else f"\\u{ord(letter):04x}" for letter in escaped)
        + '"'
    )
