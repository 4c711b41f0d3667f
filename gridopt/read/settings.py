"""The settings of the rooms after the drawing: their tables read, checked as far as reading can tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from gridopt.city import Settings
from gridopt.errors import RuleError
from gridopt.people import People
from gridopt.read.rule_tables import SETTINGS, check_keys, table_of
from gridopt.workload import Workload

Words = tuple[str, str]


def _is_text(value: object) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _are_lists(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(one, list) for one in value.values())


def _is_table(value: object) -> bool:
    return isinstance(value, dict)


_TEXT: Words = ('text: "..."', '文字："..."')
_FORMS: Mapping[tuple[str, str], tuple[Callable[[object], bool], Words]] = {
    ("code", "template"): (_is_text, _TEXT),
    ("code", "register"): (_is_text, _TEXT),
    ("code", "parents"): (_is_table, ('a table: { "C1" = "320411001101" }', '表：{ "C1" = "320411001101" }')),
    ("code", "merged"): (_are_texts, ('a list of community ids: ["..."]', '村（社区）编码列表：["..."]')),
    ("code", "in_force"): (
        lambda value: value in ("keep", "renumber"),
        ('"keep" (today\'s codes stay) or "renumber"', '"keep"（沿用现有编码）或 "renumber"（重新编号）'),
    ),
    ("tiers", "preset"): (_is_text, _TEXT),
    ("tiers", "names"): (_are_texts, ('a list of names: ["...", "..."]', '名称列表：["...", "..."]')),
    ("tiers", "limits"): (
        _are_lists,
        ("a table of lists by area kind: { default = [500, 1000] }", "按区域类型的表：{ default = [500, 1000] }"),
    ),
    ("tiers", "metric"): (
        lambda value: isinstance(value, str | dict),
        ('"straight" or "walk", or a table of these by area kind', '"straight" 或 "walk"，或按区域类型的表'),
    ),
    ("workload", "service"): (_is_table, ("a table: { households = 10 }", "表：{ households = 10 }")),
    ("workload", "stops"): (lambda value: isinstance(value, str), ('a formula: "buildings"', '公式："buildings"')),
    ("publish", "version"): (_is_text, _TEXT),
    ("publish", "document"): (_is_text, _TEXT),
}
"""(table, key) -> whether a value has the right form, and that form in words."""


def read_settings(tables: Mapping[str, Any], lang: str = "en") -> Settings:
    """The settings in the ``[rules.*]`` tables that are no drawing rules.

    Whether their values can hold is judged by the rooms that use them. Raises `RuleError` for a table or
    key that no room reads, and for a value of the wrong form.
    """
    settings = {name: table_of(tables, name, "rules") for name in SETTINGS}
    check_keys(settings["workload"], [one.name for one in fields(Workload)], "rules.workload")
    check_keys(settings["code"], ("template", "register", "parents", "merged", "in_force"), "rules.code")
    check_keys(settings["publish"], ("version", "document"), "rules.publish")
    for (name, key), (is_right, (words, words_zh)) in _FORMS.items():
        value = settings[name].get(key)
        if value is not None and not is_right(value):
            raise RuleError(
                f"project file: [rules.{name}] {key} must be {words}; it is {value!r}.",
                zh=f"项目文件：[rules.{name}] {key} 应为{words_zh}；现为 {value!r}。",
            )
    Workload.from_table(settings["workload"])
    People.from_table(settings["people"])
    return Settings(**settings, lang=lang)
