"""Wrong usage said in one line, in the language asked for."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable
from typing import NoReturn

from gridopt.cli.words import say

_CHINESE = (
    (r"the following arguments are required: (.+)", r"缺少参数：\1"),
    (r"argument ([^:]+): invalid choice: (.+?) \(choose from (.+)\)", r"参数 \1：\2 不可用；可选：\3"),
    (r"argument ([^:]+): expected one argument", r"参数 \1 后面缺少值"),
    (r"argument ([^:]+): invalid \w+ value: (.+)", r"参数 \1：\2 不是合法的值"),
    (r"argument ([^:]+): (.+)", r"参数 \1：\2"),
    (r"unrecognized arguments: (.+)", r"未知参数：\1"),
)
"""What argparse says -> the same in Chinese."""


class Usage(argparse.ArgumentParser):
    """A parser whose errors are one line with the next step; exit status 2."""

    def __init__(self, *, lang: str = "en", **settings: object) -> None:
        super().__init__(**settings)  # type: ignore[arg-type]
        self.lang = lang

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where help is, then leave."""
        if self.lang == "zh":
            found = next(
                (match.expand(said) for form, said in _CHINESE if (match := re.fullmatch(form, message))), None
            )
            message = found or message
        self.exit(2, f"{say('usage', self.lang, program=self.prog, message=message)}\n")


def whole_number(least: int, lang: str) -> Callable[[str], int]:
    """The type of an option that takes whole numbers from ``least`` up."""

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least:
            raise argparse.ArgumentTypeError(say("whole", lang, text=text, least=least))
        return number

    return parse


def seconds(lang: str) -> Callable[[str], float]:
    """The type of an option that takes a number of seconds above 0."""

    def parse(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not (math.isfinite(number) and number > 0):
            raise argparse.ArgumentTypeError(say("seconds", lang, text=text))
        return number

    return parse


def metres(lang: str) -> Callable[[str], float]:
    """The type of an option that takes metres from 0 up."""

    def parse(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not (math.isfinite(number) and number >= 0):
            raise argparse.ArgumentTypeError(say("metres", lang, text=text))
        return number

    return parse
