"""Grids: labels turned into the tables a planner opens, and the Plan that holds them."""

from gridopt.grids.plan import Plan

__all__ = ["Plan"]
