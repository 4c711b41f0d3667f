"""The column names that each key of the project file is known by, in English and in Chinese: the one list of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gridopt.read.headers import UNITS_OF_MEASURE

SYNONYMS: Mapping[str, str] = {
    "id": "id | code | 编码 | 代码 | 编号 | villcode | codebase | bid | fid_text | community_id | unit_id "
    "| building_id | staff_id | facility_id | estate_id | line_id | osm_id | osm | 社区编码 | 行政区划代码 | 区划代码 "
    "| 社区代码 | 村代码 | 统计用区划代码 | 小区编码 | 楼栋编码 | 单元编码 "
    "| 社区编号 | 村编号 | 小区编号 | 楼栋编号 | 房屋编号 | 建筑编号 | 单元编号 | 设施编号 | 道路编号 "
    "| 單元編碼 | 編碼 | 代碼",
    "name": "name | villname | 名称 | 社区名称 | 村名 | 路名 | 小区名称 | 姓名 | 名稱",
    "alias": "alias | aliases | 别名 | 曾用名 | 俗称 | 別名",
    "households": "households household hh 户数 戶數 总户数 家庭户数 户籍户数 常住户数 入住户数 住户数 总戶數",
    "residents": "residents population people pop 人口 人口数 人口數 总人口 人数 常住人口 户籍人口 实有人口 常住人口数 "
    "户籍人口数 常住人数 户籍人数",
    "dwellings": "dwellings flats 套数 套數 住宅套数 房屋套数 总套数",
    "area": "area area_km2 area_m2 面积 面積 土地面积 辖区面积 占地面积 总面积",
    "township": "township | township_id | town_id | townname | 乡镇 | 街道 | 乡镇街道 | 镇街 "
    "| 所属街道 | 所属乡镇 | 街镇",
    "county": "county | county_id | countyname | 区县 | 县区 | 县市区",
    "area_kind": "area_kind | 区域类型",
    "urban_rural_class": "urban_rural_class | 城乡分类 | 城乡分类代码",
    "floors": "floors levels storeys 层数 楼层 地上层数 总层数 層數 樓層 地上層數 總層數",
    "height": "height 高度 楼高 建筑高度 樓高 建築高度",
    "floor_area": "floor_area 建筑面积 总建筑面积 房屋建筑面积 建築面積 總建築面積",
    "use": "use | usage | building | 用途 | 房屋用途 | 建筑用途 | 建築用途",
    "estate": "estate | 小区 | 小区名称 | 所属小区 | 小区名 | 楼盘 | 社區名稱",
    "group": "villagers_group | 村民小组 | 小组 | 自然村",
    "number": "number | hn | housenumber | count | 楼号 | 幢号 | 栋号 | 楼栋 | 楼幢 | 楼栋号 | 楼牌 | 门牌 "
    "| 门牌号 | 数量 | 樓號",
    "class": "class | highway | waterway | railway | type | 等级 | 道路等级 | 类别 | 类型",
    "width": "width | 宽度 | 路宽",
    "tier": "tier | level | 层级 | 级别",
    "date": "date | day | 日期 | 时间",
    "kind": "kind | category | 种类 | 事件类型",
    "community": "community_id | community | villcode | 所属社区 | 社区 | 社区名称 | 村社区 | 村(社区) | 社区(村) "
    "| 居委会 | 村居 "
    "| 村委会 | 行政村 | 村 | 社區 | 村里",
    "role": "role | 岗位 | 角色 | 岗位类别 | 岗位名称 | 网格岗位 | 职务 | 崗位 | 職務",
    "employment": "employment | 用工 | 专兼职 | 专职兼职 | 专/兼职 | 用工形式 | 用工性质 | 用工类型 | 用工方式 "
    "| 專兼職",
    "base": "base | 驻地 | 常驻 | 常驻地 | 驻点 | 工作驻地 | 驻地网格 | 驻地社区 | 居住网格 | 居住社区 | 駐地",
    "capacity": "capacity | 容量 | 可任网格数 | 可管网格数 | 可负责网格数 | 网格数上限",
    "qualifications": "qualifications | 资格 | 资质 | 证书 | 资格证书",
    "current": "current | current_grids | 现任网格 | 现网格 | 所在网格 | 当前网格 | 现负责网格",
    "fixed": "fixed | 固定网格 | 指定网格",
    "forbidden": "forbidden | 回避网格 | 回避",
    "parent": "parent | parent_code | 上级代码 | 上级编码 | 上级区划代码 | 父级代码",
    "grid_code": "grid_code | 网格编码 | 网格代码",
}  # fmt: skip
"""Key of the project file -> column names that carry it; "|" stands between steps of sureness, the surest first.

Names of one step are equally sure: a layer with two of them is asked which of the two is meant.
"""

_BRACKETED = re.compile(r"[((（\[【][^()（）\[\]【】]*[))）\]】]$")
_BLANKS = re.compile(r"\s+")
_IN_ALL = frozenset({"合计", "合計", "总计", "總計", "小计", "小計", "共计", "共計", "计", "total"})


@dataclass(frozen=True)
class Likeness:
    """The columns of a layer that go by a key's names: those of the surest step, and the word that tells."""

    columns: tuple[str, ...]

    @property
    def is_ambiguous(self) -> bool:
        """Whether two columns are equally sure."""
        return len(self.columns) > 1


def plain_name(name: str) -> str:
    """A column's name for comparison: letters of one width, lower case, no blanks, no unit of measure after it."""
    plain = _BLANKS.sub("", unicodedata.normalize("NFKC", name)).lower()
    return _BRACKETED.sub("", plain) or plain


def likeness(key: str, columns: Sequence[str]) -> Likeness:
    """The columns that go by the surest of a key's names that any of them has."""
    plain = {column: _readings(column) for column in columns}
    for step in SYNONYMS[key].split("|"):
        words = set(step.split())
        found = [column for column in columns if plain[column] & words]
        if found:
            return Likeness(tuple(found))
    return Likeness(())


def _readings(column: str) -> set[str]:
    """What a column's name may be read as; of a header of several rows also its last, before a unit of measure.

    "人口数/合计" (beside 人口数/男 and 人口数/女) is 人口数.
    """
    parts = [plain_name(part) for part in column.split("/")]
    if len(parts) > 1 and parts[-1] in UNITS_OF_MEASURE | _IN_ALL:
        parts = parts[:-1]
    return {plain_name(column), _BLANKS.sub("", column.lower()), "".join(parts), parts[-1]}


def surest(key: str, columns: Sequence[str]) -> str | None:
    """The column that most likely carries a key, by the order of the list; None where no name is known."""
    by_plain = {plain_name(column): column for column in reversed(columns)}
    words = [word for word in SYNONYMS[key].split() if word != "|"]
    return next((by_plain[word] for word in words if word in by_plain), None)
