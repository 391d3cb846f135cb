"""Folders and files that a user's environment names."""

import os
from collections.abc import Mapping
from pathlib import Path


def home(environ: Mapping[str, str] = os.environ) -> Path:
    """Give the user's home folder."""
    return Path(environ["HOME"]) if environ.get("HOME") else Path.home()


def state_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Give the user's state folder for Kronveil: ``$XDG_STATE_HOME/kronveil`` or ``~/.local/state/kronveil``."""
    state = environ.get("XDG_STATE_HOME", "")
    # The XDG rules say that a relative path there is to be ignored.
    return (Path(state) if state.startswith("/") else home(environ) / ".local" / "state") / "kronveil"


def expand(text: str, folder: Path, environ: Mapping[str, str]) -> Path:
    """Read a path as written: ``~`` is the user's home, a relative path starts at ``folder``."""
    if text == "~" or text.startswith("~/"):
        return home(environ) / text[2:]
    return folder / text
