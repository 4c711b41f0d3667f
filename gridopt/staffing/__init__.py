"""Staffing: roles and the posts they call for, people to posts, shortage and surplus, and the load of each grid."""

from gridopt.staffing.roles import Role, StaffRules
from gridopt.staffing.staff import Staffing, check_roster, staff, staffing

__all__ = ["Role", "StaffRules", "Staffing", "check_roster", "staff", "staffing"]
