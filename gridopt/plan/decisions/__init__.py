"""Decisions that people made by hand, held at every run: read, resolved, bound, drawn under, checked."""

from gridopt.plan.decisions.bind import Bound, Group, bind
from gridopt.plan.decisions.meaning import meanings
from gridopt.plan.decisions.resolve import Decision
from gridopt.plan.decisions.settle import Settled, settle
from gridopt.plan.decisions.verdict import concerned, numbering, with_verdicts

__all__ = [
    "Bound",
    "Decision",
    "Group",
    "Settled",
    "bind",
    "concerned",
    "meanings",
    "numbering",
    "settle",
    "with_verdicts",
]
