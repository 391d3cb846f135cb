"""The command line: thin commands, each in its own file; what they need is imported when they run."""

import sys

from kronveil.cli.commands import app


def main() -> None:
    """Run the command line; a user's mistake never ends in a traceback."""
    try:
        app(standalone_mode=True)
    except KeyboardInterrupt:
        sys.exit(130)
