"""Which grid a place lies in: points by their coordinates, rows of events by whatever they say of their place."""

from gridopt.locate.points import locate

__all__ = ["locate"]
