"""Coverage: how far services are (reach), and whether anything lacks its one responsible grid (blind spots)."""

from gridopt.coverage.blind_spots import blind_spots
from gridopt.coverage.reach import reach

__all__ = ["blind_spots", "reach"]
