"""Letters for pictures: an installed font with Chinese characters, and codes where a name cannot be written."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import lru_cache

from matplotlib.font_manager import FontProperties, fontManager, get_font

CHINESE_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "SimHei",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Noto Sans CJK TC",
    "Noto Sans CJK JP",
    "Microsoft JhengHei",
    "Heiti SC",
    "STHeiti",
    "Arial Unicode MS",
    "Noto Serif CJK SC",
    "Noto Serif CJK JP",
    "SimSun",
)
PLAIN_FONT = "DejaVu Sans"

_log = logging.getLogger("gridopt")


@dataclass(frozen=True)
class Lettering:
    """The fonts of a picture, in the order in which they are tried, and every character they can write."""

    families: tuple[str, ...]
    characters: frozenset[int]

    @property
    def writes_chinese(self) -> bool:
        return self.writes("网格")

    def writes(self, text: str) -> bool:
        """Whether every character of a text has a shape."""
        return all(ord(sign) in self.characters for sign in text)

    def name(self, name: str, code: str) -> str:
        """The name, or the code where the fonts lack a character of the name."""
        return name if name and self.writes(name) else code

    def language(self, lang: str) -> str:
        """The language that a picture's own words can be written in."""
        return lang if self.writes_chinese else "en"

    def font(self, size: float, weight: str = "normal") -> FontProperties:
        """The fonts at a size in points."""
        return FontProperties(family=list(self.families), size=size, weight=weight)


@lru_cache(maxsize=1)
def lettering() -> Lettering:
    """The best fonts of this machine; a warning is logged once where none of them is Chinese."""
    installed = {font.name for font in fontManager.ttflist}
    chinese = next((name for name in CHINESE_FONTS if name in installed), None)
    if chinese is None:
        _log.warning(
            "no font with Chinese characters is installed: pictures show codes and numbers instead of names. "
            "Install one, such as Noto Sans CJK (fonts-noto-cjk)."
        )
    return lettering_of((chinese, PLAIN_FONT) if chinese else (PLAIN_FONT,))


def lettering_of(families: tuple[str, ...]) -> Lettering:
    """The lettering of named fonts."""
    paths = [fontManager.findfont(FontProperties(family=name)) for name in families]
    return Lettering(families, frozenset(sign for path in paths for sign in get_font(path).get_charmap()))
