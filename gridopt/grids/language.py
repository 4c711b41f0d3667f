"""In which language a grid describes itself: the language its places are named in."""

from __future__ import annotations

import re

from gridopt.city import City

_HAN = re.compile("[\u3400-\u9fff]")


def text_language(city: City, lang: str | None = None) -> str:
    """``lang`` where given; else "zh" if the user works in Chinese or the communities have Chinese names.

    What a grid holds and where it ends is part of an official record, in the language of its names, and
    not a message to whoever runs the program.
    """
    if lang is not None:
        return lang
    named = any(_HAN.search(str(name)) for name in city.communities["community"])
    return "zh" if named or city.settings.lang == "zh" else "en"
