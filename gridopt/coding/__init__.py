"""Codes and names: every grid gets its public code, its place in the scan order and its name."""

from gridopt.coding.carry import carry
from gridopt.coding.crosswalk import crosswalk
from gridopt.coding.recode import encode
from gridopt.coding.templates import TEMPLATES, Template

__all__ = ["TEMPLATES", "Template", "carry", "crosswalk", "encode"]
