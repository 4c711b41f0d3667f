"""What reading a layer found: the faults that stop it, and the repairs that are put on record."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from gridopt.contracts import REPAIRS
from gridopt.errors import TableError
from gridopt.read.candidates import Unplaced

IDS_LISTED = 50
PLACES_LISTED = 2_000
"""Faults of one row of the record that are shown on a map, in the order of their ids."""

NO_FAULTS = ("kinds_by_density", "kinds_by_rule")
"""Rows that tell what was settled for sound rows of a layer: these are not shown as faults on a map."""

Place = tuple[str, shapely.Geometry]
"""What a fault on a map is called, and where it is, in the city's CRS."""

KINDS: dict[str, tuple[str, str, str, str]] = {
    "invalid": ("invalid rings", "made valid", "几何无效（自相交等）", "已修复为有效几何"),
    "lines_dropped": (
        "polygon collapses partly to lines",
        "kept its polygonal parts",
        "面部分退化为线",
        "仅保留面状部分",
    ),
    "z": ("third coordinate (Z) or measure", "dropped", "含高程（Z）或量测值", "已去除"),
    "multipart": (
        "several parts: {0} in all, outside the largest {1:,.0f} m2",
        "kept as one community of several declared pieces",
        "由多个部分组成：共 {0} 块，最大一块之外合计 {1:,.0f} 平方米",
        "保留为一个由多块组成的村（社区）",
    ),
    "overlap_sliver": (
        "overlaps between neighbours up to {0:g} m wide: {1}, in all {2:,.1f} m2",
        "one shared line: given to the neighbour with the longer common border",
        "相邻村（社区）之间有 {1} 处重叠，宽不超过 {0:g} 米，共 {2:,.1f} 平方米",
        "已统一为一条公共边，归入公共边界较长的一方",
    ),
    "gap_sliver": (
        "gaps between neighbours up to {0:g} m wide: {1}, in all {2:,.1f} m2",
        "closed: given to the neighbour with the longer common border",
        "相邻村（社区）之间有 {1} 处缝隙，宽不超过 {0:g} 米，共 {2:,.1f} 平方米",
        "已闭合，归入公共边界较长的一方",
    ),
    "unmatched": (
        "vertices of a shared line that differ between neighbours",
        "one shared line, noded on both sides",
        "公共边两侧节点不一致",
        "已统一为一条公共边",
    ),
    "gap_open": (
        "land enclosed by communities and claimed by none: {1:,.0f} m2, buildings inside: {2}",
        "left open, in no grid; draw them into a community if they belong to the city",
        "被村（社区）包围而无归属的土地：{1:,.0f} 平方米，其中楼栋 {2} 栋",
        "保持空缺，不在任何网格内；如属本市，请划入某村（社区）",
    ),
    "dispute": (
        "overlaps between communities wider than {0:g} m or with a building inside: {1:,.0f} m2, buildings inside: {2}",
        "given to one of both until you decide: see the layer disputes, then redraw the border",
        "村（社区）重叠宽于 {0:g} 米或其中有楼栋：{1:,.0f} 平方米，其中楼栋 {2} 栋",
        "暂归其中一方，须人工确定：见图层 disputes，确定后请修改界线",
    ),
    "duplicate_rows": ("exact duplicate rows", "one of each kept", "完全重复的行", "各保留一行"),
    "duplicate_footprints": (
        "exact duplicate footprints",
        "the one of lowest id kept",
        "轮廓完全重复",
        "保留编号最小的一个",
    ),
    "same_after_repair": (
        "footprint the same as another building's once repaired",
        "kept, its floor area counted once",
        "修复后轮廓与另一栋相同",
        "保留，建筑面积只计一次",
    ),
    "overlapping_footprints": (
        "footprints overlap by more than {0:g} m2: {1} pairs, {2:,.0f} m2",
        "all kept; floor area of the shared ground counted once, for the building of more floors",
        "轮廓重叠超过 {0:g} 平方米：{1} 对，共 {2:,.0f} 平方米",
        "均予保留；重叠部分的建筑面积只计入层数较多的一栋",
    ),
    "across": (
        "across a community's border (least share in one community {0:.1%}, median {1:.1%})",
        "never cut: whole to the community of largest overlap",
        "跨越村（社区）界线（在单个村（社区）内的最小占比 {0:.1%}，中位数 {1:.1%}）",
        "不切割，整体归入重叠最大的村（社区）",
    ),
    "across_named": (
        "across the border of the community named (least share inside it {0:.1%}, median {1:.1%})",
        "never cut: whole to the community named",
        "跨越所填村（社区）的界线（在其中的最小占比 {0:.1%}，中位数 {1:.1%}）",
        "不切割，整体归入所填村（社区）",
    ),
    "elsewhere": (
        "mostly in another community than the one named",
        "kept with the community named; check the column",
        "主要位于所填村（社区）之外",
        "按所填村（社区）归属，请核对该列",
    ),
    "outside": (
        "outside every community",
        "without a community; check the layer or the borders",
        "位于所有村（社区）之外",
        "不归属村（社区），请核对图层或界线",
    ),
    "beside": (
        "nothing in the layer lies in any community, though it lies around them",
        "kept as it is; check the layer if it should reach into the city",
        "图层中没有任何对象位于村（社区）之内，但在其周边",
        "原样保留；如应伸入本市，请核对图层",
    ),
    "outside_buildings": (
        "outside every community",
        "joined to the nearest unit within 100 m when drawing, else left out",
        "位于所有村（社区）之外",
        "划分时归入 100 米内最近的划分单元，否则不纳入",
    ),
    "blocks_outside": (
        "blocks mostly outside every community",
        "left out; their people are a neighbour's",
        "街区大部分位于所有村（社区）之外",
        "未计入，其人口属相邻地区",
    ),
    "blocks_across": (
        "blocks across a community's border",
        "each total kept; every home counts in the community where it stands",
        "街区跨越村（社区）界线",
        "各街区总数不变，住宅按所在村（社区）计",
    ),
    "blocks_unknown": (
        "blocks without a count ({0:.0%} of the area)",
        "unknown, weigh 0",
        "街区没有人口数（占面积 {0:.0%}）",
        "未知，计为 0",
    ),
    "raster_partly": (
        "communities partly outside the raster (least share on it {0:.0%})",
        "nobody is counted where it has no cells",
        "村（社区）部分位于栅格之外（在栅格内的最小占比 {0:.0%}）",
        "栅格之外不计人口",
    ),
    "raster_nobody": (
        "communities in which no cell of the raster holds anybody",
        "counted as uninhabited; a raster may lack data there",
        "栅格在其中没有任何人口的村（社区）",
        "按无人居住计；也可能是栅格在此缺数据",
    ),
    "described_doubtful": (
        "phrases of descriptions that name no building for sure",
        "passed over; see the doubtful rows and correct the words",
        "描述中无法确定楼栋的词句",
        "未采用；请查看存疑行并改正",
    ),
    "described_twice": (
        "named by several descriptions with the same right",
        "in none of them until one lets go",
        "被多条描述同时列入",
        "暂不归入其中任何一个，须人工确定",
    ),
    "described_none": (
        "named by no description",
        "with the current grid that holds most of its unit",
        "没有任何描述列入",
        "随所在划分单元归入占多数的现有网格",
    ),
    "no_geometry": ("no geometry", "kept out", "缺少几何", "未采用"),
    "malformed": (
        "ring not closed, of too few points, or empty",
        "kept out",
        "环未闭合、点数不足或几何为空",
        "未采用",
    ),
    "wrong_kind": ("geometry of another kind", "kept out", "几何类型不符", "未采用"),
    "collapsed": ("no area left after repair", "kept out", "修复后没有面积", "未采用"),
    "reprojected": ("layer is in {0}", "reprojected to {1}", "图层坐标系为 {0}", "已转换为 {1}"),
    "assumed_crs": (
        "coordinates without a CRS in columns {0}, {1}",
        "taken as EPSG:4326",
        "坐标列 {0}、{1} 未注明坐标系",
        "按 EPSG:4326 处理",
    ),
    "declared_crs": (
        "file says {0}",
        "read as {1}, as the project file declares",
        "文件坐标系为 {0}",
        "按项目文件声明的 {1} 读取",
    ),
    "unshifted": ("coordinates in {0}", "shifted back to WGS84", "坐标为 {0}", "已还原为 WGS84"),
    "tied": (
        "local coordinates, {0} control points; residual of each beside its name",
        "tied: scale {1:.6f}, turn {2:.4f} degrees, residuals {3:.3f} m (root mean square), {4:.3f} m at most",
        "地方坐标，{0} 个控制点；各点残差列于点名之后",
        "四参数转换：尺度 {1:.6f}，旋转 {2:.4f}°，残差中误差 {3:.3f} m，最大 {4:.3f} m",
    ),
    "shifted": (
        "{3:.0%} of it fits the {0}; {4:.0%} would, moved {1:.0f} m towards {2:.0f} degrees: "
        "[layers.{5}] seems to be in {6}",
        'read as it stands; if that is so, write crs = "{6}" under [layers.{5}]',
        "与{7}吻合 {3:.0%}；向方位角 {2:.0f}° 移动 {1:.0f} m 后吻合 {4:.0%}：[layers.{5}] 疑为 {6} 坐标",
        '按原样读取；如确为该坐标，请在 [layers.{5}] 下写明 crs = "{6}"',
    ),
    "counts_read": (
        "column {0}: numbers written as text",
        "read as numbers",
        "列 {0}：数字带有文字或分隔符",
        "已读作数字",
    ),
    "ten_thousands": ("column {0} counts in ten thousands", "read so", "列 {0} 以万为单位", "已换算为个数"),
    "counts_unread": (
        "column {0}: not a number",
        "taken as missing",
        "列 {0}：不是数字",
        "视为缺失",
    ),
    "missing_counts": (
        "column {0}: count missing in {1:.1%} of the rows, {2:.1%} of the area",
        "left missing, weighs 0",
        "列 {0}：{1:.1%} 的行缺数，占面积 {2:.1%}",
        "保持缺失，权重为 0",
    ),
    "unused_totals": (
        "column {0}, which the project file does not name, has missing totals",
        "column not used",
        "项目文件未指明的列 {0} 有缺数",
        "未使用该列",
    ),
    "totals_row": ("row of totals", "left out", "合计行", "未采用"),
    "totals_differ": (
        "row of totals: column {0} states {1:,.10g}, its rows sum to {2:,.10g} (difference {3:+,.10g})",
        "left out; the rows count: ask which of the two is right",
        "合计行与明细不符：列 {0} 合计为 {1:,.10g}，各行之和为 {2:,.10g}（相差 {3:+,.10g}）",
        "未采用合计行，以明细为准；请核实",
    ),
    "rows_joined": ("rows without shapes", "matched to {0} by name", "没有几何的行", "已按名称对应到{1}"),
    "rows_doubtful": (
        "rows that may stand for a place: {0}",
        'not used until confirmed: gridopt inspect PROJECT --sheets FILE.xlsx, then matches = "FILE.xlsx"',
        "对应存疑的行：{1}",
        '确认前不采用：gridopt inspect 项目文件 --sheets 文件.xlsx，填写后写明 matches = "文件.xlsx"',
    ),
    "rows_unmatched": (
        "rows that stand for no known place: {0}",
        'not used until confirmed: gridopt inspect PROJECT --sheets FILE.xlsx, then matches = "FILE.xlsx"',
        "未找到对应的行：{1}",
        '确认前不采用：gridopt inspect 项目文件 --sheets 文件.xlsx，填写后写明 matches = "文件.xlsx"',
    ),
    "rows_left_out": ("rows confirmed as not to count", "left out", "经确认不计的行", "未采用"),
    "mixed_bases": (
        "{0} of {1} and {2} are counted on another basis or date: the second is {3:.3f} of the first",
        "both used as they stand",
        "{4}的口径或日期不同：{5} 与 {6}，后者为前者的 {3:.3f} 倍",
        "均按原数采用",
    ),
    "mixed_counts": (
        "households are counted as {1}, residents as {2}: {3:.3f} people a household",
        "both used as they stand",
        "户数口径为{4}，人口口径为{5}，户均 {3:.3f} 人",
        "均按原数采用",
    ),
    "people_unknown": (
        "communities of which no layer states how many people they have, nor of each of their homes",
        "none can be drawn: give totals in [layers.population] or as columns of [layers.communities]",
        "没有任何图层给出其户数或人口（也未逐栋给全）的村（社区）",
        "无法划分：请在 [layers.population] 或 [layers.communities] 的列中给出总数",
    ),
    "homes_uncounted": (
        "homes without households or residents in {0} communities where others have them, and no total is stated",
        "these communities cannot be drawn: count these homes, give them a use that nobody lives in, or give totals",
        "{0} 个村（社区）没有总数，且只有部分住宅楼栋有户数或人口，此处为缺少的楼栋",
        "这些村（社区）无法划分：请补全楼栋户数，或注明非居住用途（use），或给出总数",
    ),
    "totals_unused": (
        "{0}: {1} come to {2:,.10g}, {3} to {4:,.10g} ({5:.3f} of the first)",
        "{1} count, {3} do not: ask which is right",
        "{6}：{7} 合计 {2:,.10g}，{8} 合计 {4:,.10g}（为前者的 {5:.3f} 倍）",
        "以 {7} 为准，未采用 {8}；请核实",
    ),
    "totals_weights": (
        "{0}: {1} come to {2:,.10g}, {3} to {4:,.10g} ({5:.3f} of the first)",
        "{1} count; {3} only say how their totals are shared out: ask which is right",
        "{6}：{7} 合计 {2:,.10g}，{8} 合计 {4:,.10g}（为前者的 {5:.3f} 倍）",
        "以 {7} 为准，{8} 只作为分摊依据；请核实",
    ),
    "occupancy": (
        "only dwellings are known",
        "households taken as dwellings times an occupancy of {0:g}",
        "仅有套数",
        "户数按套数乘入住率 {0:g} 计",
    ),
    "no_decision": (
        "neither kind nor object nor target",
        "left out",
        "没有决定、对象和目标",
        "未采用",
    ),
    "decided_border": (
        "of a class that is no border, but a decision makes it one",
        "treated as seam",
        "所属类别不作边界，但有决定以其为界",
        "按宜作边界处理",
    ),
    "title_rows": ("title rows above the header", "skipped", "表头上方有标题行", "已跳过"),
    "note_rows": ("notes below the table", "left out", "表格下方的附注", "未采用"),
    "encoding": ("text is in {0}", "decoded", "文字编码为 {0}", "已转码"),
    "unknown_class": ("classes not in the list: {0}", "treated as {1}", "未列出的类别：{0}", "按“{2}”处理"),
    "angles": (
        "column {0}: coordinates in degrees, minutes and seconds",
        "read as decimal degrees",
        "列 {0}：坐标以度分秒书写",
        "已换算为十进制度",
    ),
    "coordinates_unread": (
        "column {0}: neither a number nor an angle",
        "row without a place",
        "列 {0}：既不是数字也不是度分秒",
        "该行没有位置",
    ),
    "turned": ("longitude and latitude are swapped", "turned", "经纬度颠倒", "已换回"),
    "named_community": ("community is given by name", "found by its name", "以名称填写所属村（社区）", "按名称对应"),
    "unknown_community": (
        "community is not in the community layer",
        "kept, without a community",
        "所属村（社区）不在村（社区）图层中",
        "保留，不归属村（社区）",
    ),
    "centred": (
        "polygons or lines where points are expected",
        "represented by a point inside",
        "应为点而给出面或线",
        "以内部点代表",
    ),
    "no_footprint": (
        "buildings given as points",
        "floor area taken as {0:g} m2 a floor",
        "楼栋为点",
        "建筑面积按每层 {0:g} 平方米估计",
    ),
    "floors_missing": (
        "neither floors nor height of a building, which others have",
        "taken as {0:g} floors, the median of the others",
        "部分楼栋缺少层数和高度",
        "按其余楼栋的中位数 {0:g} 层计",
    ),
    "kinds_by_density": (
        "no area kind and no urban-rural class stated",
        "{0}, by density (urban from {1:g} residents a km2, fringe from {2:g}) and dispersion (fringe where {3:.0%} of "
        "the hectares have a building); confirm locally",
        "未给出区域类型和城乡分类",
        "{4}，按密度（每平方千米 {1:g} 人起为城区，{2:g} 人起为城乡结合部）和分散程度（{3:.0%} 的公顷格有建筑时为"
        "城乡结合部）判定，请按当地实际确认",
    ),
    "kinds_by_rule": (
        "no area kind and no urban-rural class stated",
        "taken as {0} by [rules.kinds]",
        "未给出区域类型和城乡分类",
        "按 [rules.kinds] 一律为{1}",
    ),
    "no_bases": (
        "nobody has a base",
        "anybody may serve anywhere, and nobody's walk is counted; a column base says where each is based",
        "所有人员均无驻地",
        "任何人可到任何网格任职，不计步行距离；可用驻地列写明每人驻地",
    ),
    "columns_unread": (
        "columns that are not known to say role, employment, base, capacity or the like: {0}",
        "left out; rename a column if it should count",
        "未识别为岗位、用工、驻地、容量等的列：{0}",
        "未读取；如应计入，请修改列名",
    ),
    "capacity": ("capacity missing", "taken as usual for the role", "缺少 capacity", "按该岗位的通常数处理"),
}
"""Kind of repair -> what was found and what was done, in English and in Chinese."""


_ROW = re.compile(r"\brow (\d+)\b")


def row_name(number: object) -> str:
    """What a row without an id is called: by the number that people see beside it."""
    return f"row {number}"


def _in(lang: str, text: str) -> str:
    """A text with its `row_name`s in the language."""
    return _ROW.sub(r"第\1行", text) if lang == "zh" else text


def _rank(name: str) -> tuple[int, str]:
    """Rows by their number, after them ids as they are written."""
    row = _ROW.fullmatch(str(name))
    return (int(row[1]), "") if row else (sys.maxsize, name)


@dataclass(frozen=True)
class Repair:
    """One row of the repairs table before it is put into words; areas in square metres."""

    layer: str
    kind: str
    ids: tuple[str, ...]
    n: int
    area_before: float = float("nan")
    area_after: float = float("nan")
    values: tuple[object, ...] = ()
    places: tuple[Place, ...] = ()

    def row(self, lang: str) -> dict[str, object]:
        """The repair in words, with the columns of `contracts.REPAIRS`."""
        english, done, chinese, done_zh = KINDS[self.kind]
        fault, action = (chinese, done_zh) if lang == "zh" else (english, done)
        return {
            "layer": self.layer,
            "fault": fault.format(*self.values),
            "ids": _in(lang, ";".join(self.ids[:IDS_LISTED])),
            "n": self.n,
            "action": action.format(*self.values),
            "area_before": self.area_before,
            "area_after": self.area_after,
        }


class UnplacedError(TableError):
    """A layer without a CRS, with what a picture of its likely places is drawn from."""

    def __init__(self, message: str, *, zh: str, unplaced: Unplaced) -> None:
        super().__init__(message, zh=zh)
        self.unplaced = unplaced


@dataclass
class Findings:
    """The faults and repairs of one layer while it is being read.

    ``unplaced`` is set for a layer without a CRS.
    """

    layer: str
    faults: list[tuple[str, str]] = field(default_factory=list)
    repairs: list[Repair] = field(default_factory=list)
    unplaced: Unplaced | None = None

    def fault(self, english: str, chinese: str) -> None:
        """Note a fault that makes the layer unusable."""
        self.faults.append((english, chinese))

    def repair(
        self,
        kind: str,
        ids: Iterable[str] = (),
        *,
        n: int | None = None,
        areas: tuple[float, float] = (float("nan"), float("nan")),
        values: Sequence[object] = (),
        places: Iterable[Place] = (),
    ) -> None:
        """Note a repair; nothing is noted where it touches no row.

        ``places`` shows the fault on a map where its ids cannot: rows that were kept out, or land
        between rows. Without it the rows named by ``ids`` are shown as the layer has them.
        """
        listed = tuple(sorted(ids, key=_rank))
        count = len(listed) if n is None else n
        if count:
            before, after = (float(np.round(area, 3)) for area in areas)
            shown = tuple(sorted(places, key=lambda place: place[0])[:PLACES_LISTED])
            self.repairs.append(Repair(self.layer, kind, listed, count, before, after, tuple(values), shown))

    def close(self) -> None:
        """Raise one `TableError` that lists every fault, if there is any."""
        if self.faults:
            where = f"[layers.{self.layer}]"
            english = f"{where}: " + "; ".join(said for said, _ in self.faults) + "."
            chinese = _in("zh", f"{where}：" + "；".join(said for _, said in self.faults) + "。")
            if self.unplaced is not None:
                raise UnplacedError(english, zh=chinese, unplaced=self.unplaced)
            raise TableError(english, zh=chinese)


def repairs_table(repairs: Iterable[Repair], lang: str) -> pd.DataFrame:
    """Repairs in words, one row each, in the order they were made."""
    table = pd.DataFrame([repair.row(lang) for repair in repairs], columns=REPAIRS)
    text = dict.fromkeys(("layer", "fault", "ids", "action"), "str")
    return table.astype({**text, "n": "int64", "area_before": "float64", "area_after": "float64"})


def places_table(repairs: Sequence[Repair], layers: Mapping[str, pd.DataFrame], crs: pyproj.CRS) -> gpd.GeoDataFrame:
    """Where each fault lies: ``repair`` (its row in the record), ``layer``, ``id``, and its shape on the map."""
    rows: list[tuple[int, str, str, shapely.Geometry]] = []
    for number, repair in enumerate(repairs):
        rows += [(number, repair.layer, *place) for place in repair.places or _as_read(repair, layers)]
    table = pd.DataFrame(rows, columns=["repair", "layer", "id", "geometry"])
    typed = table.astype({"repair": "int64", "layer": "str", "id": "str"})
    return gpd.GeoDataFrame(typed, geometry="geometry", crs=crs)


def _as_read(repair: Repair, layers: Mapping[str, pd.DataFrame]) -> list[Place]:
    """The rows that a repair names, as the layer holds them now."""
    table = layers.get(repair.layer)
    if table is None or "geometry" not in table or not repair.ids or repair.kind in NO_FAULTS:
        return []
    known = table["geometry"].reindex(pd.Index(repair.ids[:PLACES_LISTED], dtype="str")).dropna()
    return [(str(name), shape) for name, shape in known.items() if not shape.is_empty]
