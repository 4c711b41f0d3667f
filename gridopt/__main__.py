"""``python -m gridopt``: the command line."""

import sys

from gridopt.cli import main

sys.exit(main())
