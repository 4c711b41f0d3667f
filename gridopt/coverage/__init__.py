"""Coverage: how far services are (reach), and whether anything lacks its one responsible grid (blind spots)."""

from gridopt.coverage.blind_spots import blind_spots
from gridopt.coverage.reach import out_of_reach, reach, reach_by_area_kind

__all__ = ["blind_spots", "out_of_reach", "reach", "reach_by_area_kind"]
