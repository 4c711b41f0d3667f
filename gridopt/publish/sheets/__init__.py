"""Map sheets on paper: one a community, bound by township, with a form on which changes come back."""

from gridopt.publish.sheets.write import Sheets, write_sheets

__all__ = ["Sheets", "write_sheets"]
