"""Which grid a place lies in: points by their coordinates, rows of events by whatever they say of their place."""

from gridopt.locate.figures import event_table, events_by_place, hot_spots
from gridopt.locate.points import locate
from gridopt.locate.report import Located
from gridopt.locate.rows import locate_events

__all__ = ["Located", "event_table", "events_by_place", "hot_spots", "locate", "locate_events"]
