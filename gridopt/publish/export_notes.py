"""What an export says beside its files: warnings, what was left out or withheld, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_TEXTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "unprotected": (
            "warning: others than your office see what stands on {platform}, and small counts are in this file as they "
            "are. With --public they are blanked.",
            "警告：{platform} 上的内容单位以外的人也能看到，而本文件未隐去小数值。加 --public 可隐去。",
        ),
        "law": (
            "note: public maps of China fall under the Surveying and Mapping Law (art. 40) and GB 20263; coordinates "
            "here are {coordinates}. Have the map approved before it is made public.",
            "提示：公开地图须遵守《测绘法》第四十条和 GB 20263；本文件坐标为 {coordinates}。公开前请依法送审。",
        ),
        "shifted": (
            "note: coordinates are {coordinates}, made for this platform; on other maps they lie some 500 m off.",
            "提示：坐标为 {coordinates}，仅供该平台使用；叠加到其他地图会偏移约 500 米。",
        ),
        "withheld": (
            "withheld for the public: the counts of {n} grids (small ones and what would reveal them); listed "
            "in {list}.",
            "公开版隐去 {n} 个网格的数值（小数值及可据以推算的数值），清单见 {list}。",
        ),
        "totals": (
            "do not publish beside it the totals of {n} places that are listed there too: they would give counts away.",
            "清单所列 {n} 个地点的合计也不要同时公开，否则可推算出被隐去的数值。",
        ),
        "left_out": (
            "note: the mapping does not name these columns, so they are left out: {columns}.",
            "提示：对照表未列出以下列，故未输出：{columns}。",
        ),
        "simplified": (
            "borders simplified to {tolerance:g} m: {before} vertices became {after}; neighbours still share theirs.",
            "边界按 {tolerance:g} 米化简：顶点由 {before} 个减为 {after} 个，相邻网格仍共用边界。",
        ),
        "unsimplified": (
            "note: borders are not simplified: the grids overlap or do not meet, and would part.",
            "提示：网格有重叠或缝隙，化简会使其分离，故未化简。",
        ),
        "parts": (
            "{platform} takes {limit} at most: written in {n} parts by {level}; {list} lists them.",
            "{platform} 的上限为 {limit}：已按{level}分为 {n} 个文件，清单见 {list}。",
        ),
        "too_large": (
            "warning: {n} parts are still above what {platform} takes ({limit}): {files}. Simplify with "
            "--simplify METRES.",
            "警告：{n} 个文件仍超过 {platform} 的上限（{limit}）：{files}。可用 --simplify 米数 化简。",
        ),
        "short_names": (
            "note: a Shapefile holds names of ten letters; shortened: {names}.",
            "提示：Shapefile 的字段名最多 10 个字节，已缩短：{names}。",
        ),
        "cut_texts": (
            "warning: a Shapefile holds 254 bytes a cell; longer texts are cut in: {columns}. Other formats "
            "keep them whole.",
            "警告：Shapefile 每格最多 254 字节，以下列中较长的文字被截断：{columns}。其他格式保留全文。",
        ),
    }
)  # fmt: skip


@dataclass(frozen=True)
class Note:
    """One thing said, in English and Chinese."""

    en: str
    zh: str

    def text(self, lang: str) -> str:
        return self.zh if lang == "zh" else self.en


def note(key: str, **values: object) -> Note:
    """One of the notes with its values; a tuple of two gives a value for each language."""
    both = [{name: v[i] if isinstance(v, tuple) else v for name, v in values.items()} for i in (0, 1)]
    english, chinese = _TEXTS[key]
    return Note(english.format(**both[0]), chinese.format(**both[1]))
