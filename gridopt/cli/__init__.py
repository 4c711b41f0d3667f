"""The command line: ``gridopt demo | new | inspect | draw | assess | check | locate``."""

from gridopt.cli.main import main

__all__ = ["main"]
