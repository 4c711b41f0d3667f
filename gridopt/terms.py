"""The words of the field, each with one home: code name, Chinese, English, meaning, and local names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

LANGUAGES = ("zh", "en")


@dataclass(frozen=True)
class Term:
    """One word: ``name`` in code and tables, how it reads, what it means, and what provinces call it.

    ``aliases`` maps a province or place to its own word. ``meaning`` is English, ``meaning_zh`` Chinese;
    both are empty for words that explain themselves.
    """

    name: str
    zh: str
    en: str
    meaning: str = ""
    meaning_zh: str = ""
    aliases: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "aliases", MappingProxyType(dict(self.aliases)))

    def label(self, lang: str = "zh") -> str:
        """The word as it is written in a table or legend."""
        return self.zh if lang == "zh" else self.en

    def explain(self, lang: str = "zh") -> str:
        """The meaning in one line, "" where the word explains itself."""
        return self.meaning_zh if lang == "zh" else self.meaning


def label(name: str, lang: str = "zh") -> str:
    """How a column, rule, kind, role or status reads; the name itself where it is no word of the table."""
    term = TERMS.get(name)
    return name if term is None else term.label(lang)


def labels(names: str, lang: str = "zh") -> str:
    """How several names joined by ";" read, one after the other."""
    return ("、" if lang == "zh" else ", ").join(label(name, lang) for name in names.split(";") if name)


def glossary(lang: str = "zh") -> list[tuple[str, str]]:
    """(word, meaning) of every word that needs one, in the order of the table."""
    return [(term.label(lang), term.explain(lang)) for term in TERMS.values() if term.explain(lang)]


# name | 中文 | English
_WORDS = """
grid | 网格 | grid
micro_grid | 微网格 | micro-grid
unit | 划分单元 | unit
stairwell | 楼道单元 | stairwell
community | 村（社区） | community
township | 乡镇（街道） | township
county | 县（市、区） | county
subdistrict | 街道 | subdistrict
road | 道路 | road
river | 河流 | river
estate | 小区 | estate
gap | 最优性差距 | gap
bound | 目标值下界 | bound
crosswalk_table | 新旧网格对照表 | crosswalk table
crossing | 跨越通道 | crossing
wall | 阻隔 | wall
seam | 公认界线 | seam
open | 一般边界 | open
violations | 需说明事项 | matters to explain
decide | 需决定 | to decide
information | 供了解 | for information
base | 基础网格 | base grid
dedicated | 专属网格 | dedicated grid
blind_spots | 盲区 | blind spots
reach | 服务可达 | reach of services
border | 边界 | border
plan | 方案 | plan
posts | 岗位 | posts
buildings | 楼栋数 | buildings
units | 划分单元数 | units
communities | 村（社区） | communities
townships | 乡镇（街道） | townships
counties | 县（市、区） | counties
grids | 网格 | grids
borders | 边界 | borders
repairs | 数据修补 | repairs
disputes | 权属争议 | disputes
codes | 编码 | codes
layer.communities | 村（社区） | communities
layer.units | 划分单元 | units
layer.buildings | 楼栋 | buildings
layer.population | 人口 | population
layer.population_cells | 人口栅格 | population raster
layer.roads | 道路 | roads
layer.rivers | 水系 | rivers
layer.railways | 铁路 | railways
layer.walls | 围墙 | walls
layer.crossings | 跨越通道 | crossings
layer.estates | 小区 | estates
layer.groups | 村民小组、自然村 | groups
layer.dedicated | 专属网格单位 | institutions
layer.facilities | 服务设施 | facilities
layer.events | 事件 | events
layer.roster | 人员名册 | roster
layer.current_grids | 现有网格 | current grids
grid_code | 网格编码 | grid code
name | 名称 | name
status | 状态 | status
scope | 网格范围 | scope
bounds_text | 四至 | bounds
kind | 类别 | kind
community_id | 村（社区）编码 | community id
township_id | 乡镇（街道）编码 | township id
county_id | 县（市、区）编码 | county id
area_kind | 区域类型 | area kind
seq | 顺序码 | sequence
households | 户数 | households
residents | 人口 | residents
workload | 工作量 | workload
deviation | 规模偏差 | size deviation
area_m2 | 面积（平方米） | area (m²)
cut_border_m | 与相邻网格的边界长（米） | border with other grids (m)
unrecognised_border_share | 无公认界线的边界占比 | share of border along no recognised line
walk_mean_m | 平均步行距离（米） | mean walk (m)
walk_max_m | 最远步行距离（米） | longest walk (m)
polsby_popper | 紧凑度 | compactness
neck_m | 最窄处（米） | narrowest neck (m)
unmet | 未满足的规则 | unmet rules
colour | 配色号 | colour number
label_x | 标注点横坐标 | label x
label_y | 标注点纵坐标 | label y
valid_from | 启用日期 | valid from
valid_to | 停用日期 | valid to
geometry | 图形 | geometry
unit_id | 划分单元编码 | unit id
floor_area | 建筑面积（平方米） | floor area (m²)
events | 事件数 | events
keep_whole | 整体保留 | kept whole
category | 分类 | category
phase | 分期 | phase
post | 网格站点 | declared post
locked_grid | 指定网格 | locked grid
people_known | 人口已知 | people known
unit_a | 划分单元甲 | unit A
unit_b | 划分单元乙 | unit B
metres | 长度（米） | metres
class | 处理方式 | class
rule | 规则 | rule
grid_codes | 涉及网格 | grids
unit_ids | 涉及划分单元 | units concerned
value | 实际值 | value
limit | 限值 | limit
proof | 证明 | proof
reason | 原因 | reason
remedy | 建议 | what would help
relaxed | 已放宽的规则 | relaxed
n_grids | 网格数 | grids
objective | 目标值 | objective
building_id | 楼栋编码 | building id
building_name | 楼栋名称 | building
grid_name | 网格名称 | grid
use | 用途 | use
floors | 层数 | floors
number | 楼栋号 | building number
layer | 图层 | layer
fault | 问题 | fault
ids | 编码清单 | ids
n | 数量 | number of rows
action | 处理 | action
area_before | 处理前面积（平方米） | area before (m²)
area_after | 处理后面积（平方米） | area after (m²)
successor | 接续编码 | successor
post_id | 岗位编号 | post id
role | 岗位类别 | role
role_name | 岗位名称 | role name
employment | 用工形式 | employment
fte | 折合人数 | full-time equivalents
staff_id | 人员编号 | staff id
walk_m | 驻地到网格（米） | base to grid (m)
minutes_day | 日均工作量（分钟） | minutes a working day
needed | 需配 | needed
short | 缺 | short
held | 在岗 | held
people | 人员 | people
surplus | 富余 | without a post
vacant | 缺岗 | vacant
level | 层级 | level
place_id | 地点编码 | place id
place | 地点 | place
year | 年份 | year
year.all | 合计 | all years
settled_grid | 网格内办结占比 | settled in the grid
settled_community | 村（社区）办结占比 | settled in the community
settled_township | 乡镇（街道）办结占比 | settled in the township
settled_county | 县（市、区）办结占比 | settled in the county
settled_city | 市级办结占比 | settled in the city
expected | 按人口应有事件数 | expected by residents
ratio | 相当于应有的倍数 | times the expected
is_hot | 高发 | hot spot
tier | 设施层级 | tier
limit_m | 距离标准（米） | limit (m)
residents_reached | 可达人口 | residents reached
households_reached | 可达户数 | households reached
share | 占比 | share
target | 目标 | target
met | 达标 | met
id | 编码 | id
urban | 城区 | urban
old_town | 老城区 | old town
fringe | 城乡结合部 | fringe
commercial | 商业区 | commercial
park | 园区 | park
rural | 农村 | rural
hill | 山区 | hill
adviser | 网格指导员 | grid adviser
chief | 网格长 | grid chief
worker | 网格员 | grid worker
full_time | 专职网格员 | full-time worker
part_time | 兼职网格员 | part-time worker
attached | 派驻人员 | attached professional
employment.full_time | 专职 | full-time
employment.part_time | 兼职 | part-time
employment.attached | 派驻 | attached
geometry.point | 点 | point
geometry.line | 线 | line
geometry.polygon | 面 | polygon
geometry.table | 表格 | table
geometry.raster | 栅格 | raster
use.residential | 住宅 | residential
use.dormitory | 宿舍 | dormitory
use.mixed | 商住混合 | mixed
use.commercial | 商业 | commercial
use.market | 市场 | market
use.office | 办公 | office
use.industrial | 工业仓储 | industrial
use.civic | 公共服务 | civic
use.school | 中小学 | school
use.college | 高校 | college
use.hospital | 医院 | hospital
use.railway | 铁路 | railway
grid_room | 网格服务点 | grid room
community_room | 社区服务站 | community service room
station | 中心站所 | station
draft | 草案 | draft
consultation | 征求意见 | consultation
approved | 审定 | approved
filed | 备案 | filed
in_force | 启用 | in force
retired | 停用 | retired
optimal | 已证明最优 | proved best
feasible | 满足全部规则 | every rule met
assessed | 现状评估 | assessed
proved | 已证明 | proved
not found | 未找到 | not found
size | 规模适度 | moderate size
proximity | 就近就便 | near and convenient
governance | 有利治理 | easy to govern
size.low | 规模下限 | least size
size.high | 规模上限 | greatest size
size.high.unlimited | 规模上限（不设限） | greatest size (no limit)
size.comfort | 适宜规模 | comfortable size
size.count | 网格数 | number of grids
size.also | 其他规模限值 | further size limits
size.also.residents | 人口限值 | limit of residents
size.also.residents.high | 人口上限 | most residents
size.also.residents.low | 人口下限 | fewest residents
proximity.max_walk | 最远步行距离 | longest walk
proximity.posts | 网格站点 | declared posts
governance.keep_whole | 整体保留 | kept whole
governance.connected | 网格连通 | connected grids
connected | 网格连通 | connected grids
governance.barriers | 不跨阻隔 | no barrier crossed
governance.enclosed | 网格嵌套 | grid inside another
corridor | 仅靠空地相连 | held together by empty land
neck | 瓶颈过窄 | narrow neck
dispute | 权属争议 | dispute between communities
barriers | 阻隔 | barriers
governance.dedicated | 专属网格 | dedicated grid
decisions | 人工决定 | decisions
decision.belongs | 归属 | belongs
decision.together | 同格 | together
decision.apart | 分格 | apart
decision.frozen | 保持 | frozen
decision.border | 边界 | border
decision.name | 名称 | name
decision.code | 编码 | code
layer.decisions | 人工决定 | decisions
layer.codes | 区划代码 | division codes
blank | 未划入网格 | in no grid
split_unit | 边界穿过划分单元 | unit cut by a border
city | 全市 | city
"""

# name: (English, 中文)
_MEANINGS = {
    "grid": (
        "the smallest managed cell of a city: a piece of one community with its own code, chief and workers",
        "城市治理的最小单元：一个村（社区）的一部分，有统一编码、网格长和网格员",
    ),
    "unit": (
        "the smallest piece of land that is never split when grids are drawn",
        "划分网格时不再拆分的最小地块",
    ),
    "base": ("an ordinary grid of homes", "以居住为主的普通网格"),
    "dedicated": (
        "a grid formed by one large institution: a campus, hospital, market, park",
        "由学校、医院、市场、园区等单独形成的网格",
    ),
    "deviation": ("how far a grid's size lies from the target, as a share", "网格规模与目标值之差所占比例"),
    "walk_mean_m": (
        "distance from people's homes to the centre of their grid, averaged over people",
        "居民住处到本网格中心的距离，按人平均",
    ),
    "walk_max_m": (
        "the same distance for the furthest inhabited unit",
        "最远的有人居住的划分单元到本网格中心的距离",
    ),
    "polsby_popper": (
        "4π times area over squared perimeter: 1 for a circle, small for a ragged grid (Polsby and Popper 1991)",
        "4π×面积÷周长²，圆为1，形状越零碎越小（Polsby–Popper）",
    ),
    "neck_m": ("the width of the grid at its narrowest place", "网格最窄处的宽度"),
    "unrecognised_border_share": (
        "the part of a grid's border with other grids that follows no road, river, railway or wall",
        "网格间边界中不沿道路、河流、铁路或围墙的部分所占比例",
    ),
    "seam": ("a line that makes a good border: a road, water, an estate wall", "适合作网格边界的道路、水系、围墙等"),
    "wall": (
        "a line that no grid crosses except where there is a crossing",
        "除跨越通道外网格不得跨过的线，如铁路、河流",
    ),
    "crossing": ("a bridge, underpass or gate through a wall", "穿过阻隔的桥梁、地道或出入口"),
    "violations": (
        "every rule that a plan could not meet, with its reason",
        "方案未能满足的规则，逐条写明原因",
    ),
    "decide": ("a person must decide before the plan is approved", "方案审定前须由人决定"),
    "information": ("follows from the place itself; nothing to decide", "由当地实际情况造成，无须决定"),
    "blind_spots": (
        "people, buildings or land without exactly one responsible grid; a finished plan has none",
        "没有或不止一个责任网格的人口、楼栋、土地；合格方案应为零",
    ),
    "reach": (
        "the share of people with a service within the stated distance",
        "在规定距离内有服务设施的人口所占比例",
    ),
    "gap": (
        "how much better a plan could be at most, by proof: (objective - bound) / objective",
        "经证明，方案至多还能改进的比例：（目标值-下界）÷目标值",
    ),
    "objective": ("the score that the drawing makes small, a sum of three terms", "划分时力求最小的评分，由三项相加"),
    "bound": ("no plan under the same rules scores lower, by proof", "经证明，同样规则下任何方案的评分都不低于此值"),
    "size": ("the term for grids far from a comfortable size", "衡量网格规模偏离适宜范围的程度"),
    "proximity": ("the term for people far from their grid's centre", "衡量居民与本网格中心的远近"),
    "governance": ("the term for borders that follow no recognised line", "衡量网格边界的长短及是否沿公认界线"),
    "keep_whole": ("an estate or village that should stay in one grid", "应整体划入同一网格的小区或自然村"),
    "crosswalk_table": ("which old grid became which new grid", "旧网格与新网格的对应关系"),
}

_ALIASES = {
    "base": {"山东": "综合网格", "陕西": "综合网格", "广东": "综合网格"},
    "dedicated": {"北京": "专项网格", "湖北": "专属网格"},
    "micro_grid": {"浙江": "微网格", "湖南": "微网格"},
    "chief": {"广东": "网格长", "福建": "网格总长"},
    "worker": {"北京": "网格员", "重庆": "专职网格员"},
}


def _terms() -> Mapping[str, Term]:
    terms = {}
    for line in _WORDS.strip().splitlines():
        name, zh, en = (part.strip() for part in line.split("|"))
        terms[name] = Term(name, zh, en, *_MEANINGS.get(name, ("", "")), aliases=_ALIASES.get(name, {}))
    return MappingProxyType(terms)


TERMS: Mapping[str, Term] = _terms()
