"""What the command line says, in English and Chinese."""

from __future__ import annotations

import errno
import locale
import os
from collections.abc import Sequence

LANGUAGES = ("zh", "en")

_WORDS: dict[str, tuple[str, str]] = {
    "about": (
        "Draws a city's community grids: whole, balanced, walkable, coded, staffed and checked.",
        "划分城市社区网格：不留空白、规模适度、步行可达，统一编码、配备人员、独立核验。",
    ),
    "demo": ("the whole job on the embedded demo town", "用内置示范镇走完全流程"),
    "new": ("a commented project file from the layers found in a folder", "按文件夹中的图层生成带说明的项目文件"),
    "inspect": ("reads and checks the layers, draws nothing", "读取并检查图层，不划分"),
    "draw": ("draws grids and publishes the plan folder", "划分网格并生成方案文件夹"),
    "assess": ("a given or hand-corrected drawing, measured; nothing moved", "核对现有或手工修改的划分，不作移动"),
    "check": ("verifies a plan folder independently", "独立核验方案文件夹"),
    "export": ("writes the grids of a plan for a platform", "将方案的网格输出到指定平台"),
    "publish": ("makes map, report and tables of a stored plan anew", "对已有方案重新生成地图、报告和表格"),
    "staff": ("posts of a stored plan again, with the people of a roster", "对已有方案重新配岗，可按人员名册落实到人"),
    "roster": ("the people: role, employment, base, capacity (without it: the posts needed)",
               "人员名册：岗位类别、用工形式、驻地、容量（不给则只算需配岗位）"),
    "staff_needed": ("{n} posts needed; no roster was given, so nobody holds them",
                     "需配岗位 {n} 个；未给出人员名册，未落实到人"),
    "staff_held": ("{n} posts: {held} held, {vacant} vacant; {idle} people without a post",
                   "岗位 {n} 个：在岗 {held} 个，缺岗 {vacant} 个；未上岗 {idle} 人"),
    "staff_best": ("proved: no other choice of people is better", "已证明：没有更优的人岗安排"),
    "staff_gap": ("walks, changes and unequal work could be less by at most {gap} %",
                  "步行、变动与工作量不均合计最多还能减少 {gap}%"),
    "staff_unproved": ("how much better another choice could be was not proved", "尚未证明是否有更优的人岗安排"),
    "staff_below": ("{role}: {n} people may serve fewer grids than a post has ({grids} at least) and can hold none; "
                    "raise their capacity, or lower the role's grids in [rules.staff]",
                    "{role}：{n} 人的容量少于一个岗位的网格数（至少 {grids} 个），无法任职；"
                    "请调高其容量，或在 [rules.staff] 中调低该岗位的网格数"),
    "staff_short": ("{place} lacks {short} of {needed}: {role}", "{place}：{role}需 {needed} 名，缺 {short} 名"),
    "locate": ("names the grid of each point of a file", "查询每个点所在的网格"),
    "reach": ("measures the reach of services again on a stored plan; the grids stay as they are",
              "对已有方案重新计算服务可达；网格保持不变"),
    "facilities": ("points with a tier column, in place of the plan's own facilities",
                   "带层级列的设施点，替换方案中的设施"),
    "of_project": ("a project file whose facilities, roads and tiers are taken",
                   "采用该项目文件中的设施、道路与层级设置"),
    "map_sheets": ("also write a map sheet a community to be signed, one PDF a township, and the form for changes, "
                   "on A3 or A4, into FOLDER/sheets",
                   "另在方案文件夹的 sheets 中输出各村（社区）供签章的网格图、各乡镇（街道）的图册和意见表，A3 或 A4"),
    "sheets_at": ("{n} map sheets: {path}", "网格图 {n} 张：{path}"),
    "reached": ("{tier}: {share:.2%} of residents within reach; {out} homes with {people:,.0f} residents are not",
                "{tier}：{share:.2%} 的人口可达；{out} 处住所、{people:,.0f} 人不可达"),
    "project": ("the project file", "项目文件"),
    "folder": ("the plan folder", "方案文件夹"),
    "layers": ("the folder with the layers", "图层所在文件夹"),
    "out": ("where to write", "输出位置"),
    "seed": ("seed of the search (default 0; with --only that of the plan)",
             "搜索的随机种子（默认 0；用 --only 时取原方案的）"),
    "workers": ("communities drawn side by side (default: one a core)", "并行划分的村（社区）数（默认每核一个）"),
    "effort": ("quick, standard or thorough (default standard; with --only that of the plan)",
               "quick 快速、standard 标准、thorough 充分（默认 standard；用 --only 时取原方案的）"),
    "prove": ("prove every community, however long it takes", "对每个村（社区）都作最优性证明，耗时不限"),
    "time_limit": ("seconds that the whole search may take; what it cuts short is recorded",
                   "整个搜索的时限（秒）；因此提前结束的会记录在案"),
    "only": ("draw this community of the plan in --out again (id or name, may be repeated); the others stay",
             "只重新划分 --out 方案中的这个村（社区）（编码或名称，可多次给出），其余保持不变"),
    "strict": ("exit with 1 where something must be decided", "有需决定事项时以状态 1 退出"),
    "lang": ("language of words and reports", "界面与报告语言"),
    "grids": (
        "the drawing: polygons, a table of unit_id and grid_code, or a plan folder or its plan.gpkg",
        "给定的划分：面图层、含 unit_id 与 grid_code 的表，或方案文件夹及其 plan.gpkg",
    ),
    "html": ("also write the findings as a page", "另存为网页"),
    "sheets": ("also write rows to confirm and figures to check as a workbook (.xlsx)",
               "另存待确认的对应与可疑数值（.xlsx）"),
    "json": ("as JSON", "以 JSON 输出"),
    "points": ("a file of points", "点文件"),
    "platform": ("where the grids go: {names}", "目标平台：{names}"),
    "names": ("names of properties: en, zh, or a file of columns and names (.json, .toml, .csv)",
              "属性名称：en、zh，或“列名—名称”对照文件（.json、.toml、.csv）"),
    "public": ("blank small counts and what would reveal them", "隐去小数值及可据以推算的数值"),
    "simplify": ("metres by which shared borders may be simplified (default 0)", "共用边界的化简容差，米（默认 0）"),
    "export_out": ("the file; its ending is the format: {endings}", "输出文件，按扩展名定格式：{endings}"),
    "exported": ("{n} grids exported", "已输出 {n} 个网格"),
    "map_at": ("map: {path}", "地图：{path}"),
    "report_at": ("report: {path}", "报告：{path}"),
    "plan_at": ("plan folder: {path}", "方案文件夹：{path}"),
    "wrote": ("wrote {path}", "已写入 {path}"),
    "decide": ("{n} to be decided (the first few; all are in the report and in violations):",
               "需决定 {n} 项（以下为前几项，全部见报告与“需说明事项”）："),
    "sound": ("{folder}: whole and true", "{folder}：完整、属实"),
    "faults": ("{folder}: {n} faults", "{folder}：{n} 处问题"),
    "crosswalk": ("a table of go.crosswalk: rows with former codes or names go to today's communities",
                  "新旧代码对照表（go.crosswalk 的结果）：旧代码、旧名称归到现在的村（社区）"),
    "crs": ("what the coordinates are in: EPSG:..., GCJ-02 or BD-09 (default: as the file says, else WGS84)",
            "坐标所用的坐标系：EPSG:…、GCJ-02 或 BD-09（默认按文件所述，否则为 WGS84）"),
    "located": ("{inside} of {n} rows have their grid", "{n} 行中有 {inside} 行已确定网格"),
    "interrupted": ("interrupted; nothing is half written", "已中断；没有只写了一半的文件"),
    "missing_package": (
        "The Python package {package} is not installed, and this step needs it; nothing was written. "
        "Install gridopt with everything that it needs: pip install gridopt",
        "缺少本步骤所需的 Python 包 {package}，未写入任何内容。请连同依赖一起安装：pip install gridopt",
    ),
    "own_fault": (
        "gridopt failed: {error}. This is a fault of gridopt itself; nothing was written. Please report it with the "
        "lines above.",
        "gridopt 内部错误：{error}。这是程序自身的问题，未写入任何内容。请连同上面的信息一并反馈。",
    ),
    "failed_file": ("{path} cannot be read or written: {error}. Check the disk, the rights and the name; the old files "
                    "stand.",
                    "无法读写 {path}：{error}。请检查磁盘、权限与文件名；原有文件未改动。"),
    "usage": ("{program}: {message}. See: {program} --help", "{program}：{message}。用法见：{program} --help"),
    "whole": ("{text} is no whole number of at least {least}", "{text} 不是不小于 {least} 的整数"),
    "seconds": ("{text} is no number of seconds above 0", "{text} 不是大于 0 的秒数"),
    "metres": ("{text} is no number of metres from 0 up", "{text} 不是不小于 0 的米数"),
    "ENOSPC": ("the disk is full", "磁盘已满"),
    "EDQUOT": ("the disk quota is used up", "磁盘配额已用完"),
    "EACCES": ("no right to do so", "没有权限"),
    "EPERM": ("no right to do so", "没有权限"),
    "EROFS": ("the disk is read-only", "磁盘为只读"),
    "ENOTDIR": ("a file stands where a folder should be", "应为文件夹处是文件"),
    "ENAMETOOLONG": ("the name is too long", "名称过长"),
}  # fmt: skip


def say(key: str, lang: str, **values: object) -> str:
    """One phrase in one language."""
    return _WORDS[key][0 if lang == "en" else 1].format(**values)


def file_error(error: OSError, lang: str) -> str:
    """What the system says of a file, with the file's name."""
    name = errno.errorcode.get(error.errno or 0, "")
    reason = say(name, lang) if name in _WORDS else str(error.strerror or error)
    return say("failed_file", lang, path=error.filename or "?", error=reason)


def language(arguments: Sequence[str]) -> str:
    """The language asked for with ``--lang``, else that of the locale."""
    for i, one in enumerate(arguments):
        asked = one.removeprefix("--lang=") if one.startswith("--lang=") else ""
        if one == "--lang" and i + 1 < len(arguments):
            asked = arguments[i + 1]
        if asked in LANGUAGES:
            return asked
    named = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG")
    named = named or locale.getlocale()[0] or ""
    return "zh" if named.lower().startswith(("zh", "chinese")) else "en"
