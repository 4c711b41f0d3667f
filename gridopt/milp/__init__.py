"""Integer programs as arrays, and the one gate through which they are solved."""

from gridopt.milp.gate import Limits, Outcome, Program, solve

__all__ = ["Limits", "Outcome", "Program", "solve"]
