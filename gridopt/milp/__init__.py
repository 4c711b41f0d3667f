"""Integer programs as arrays, and the one gate through which they are solved."""

from gridopt.milp.gate import Growing, Limits, Outcome, Program, solve

__all__ = ["Growing", "Limits", "Outcome", "Program", "solve"]
