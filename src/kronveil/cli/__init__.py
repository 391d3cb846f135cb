"""The command line: thin commands, each in its own file; what they need is imported when they run."""

import gc
import sys

from kronveil.cli.commands import app


def main() -> None:
    """Run the command line; a user's mistake never ends in a traceback."""
    # What is imported stays: to look through it again and again is a twentieth of what a start costs.
    gc.set_threshold(50_000, 20, 20)
    try:
        app(standalone_mode=True)
    except KeyboardInterrupt:
        sys.exit(130)
