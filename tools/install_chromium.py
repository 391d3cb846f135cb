"""Find the Chromium that the browser tests use, or install Debian's. Prints its path on standard output.

The browser always comes from the machine or its package system: no test tool is let to download one of its own.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def main() -> int:
    """Print the path of a browser that starts; 1 and what to do when there is none."""
    path = find()
    if path is None and can_install():
        print("install_chromium: no Chromium found; installing the Debian package", file=sys.stderr)
        install()
        path = find()
    if path is None:
        print(
            "install_chromium: no Chromium found (looked at KRONVEIL_CHROMIUM, /usr/bin/chromium and PATH).\n"
            "  Debian and Ubuntu, as root: apt-get install chromium\n"
            "  else install Chromium or Chrome and name it: export KRONVEIL_CHROMIUM=/path/to/chromium",
            file=sys.stderr,
        )
        return 1
    print(path)
    return 0


def find() -> str | None:
    """The first browser that exists, the one named in the environment before all others."""
    named = os.environ.get("KRONVEIL_CHROMIUM")
    if named:
        return named if Path(named).is_file() else None
    if Path("/usr/bin/chromium").is_file():
        return "/usr/bin/chromium"
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def can_install() -> bool:
    """Whether this user can install packages here; a browser that was named is never replaced by another."""
    return not os.environ.get("KRONVEIL_CHROMIUM") and os.geteuid() == 0 and shutil.which("apt-get") is not None


def install() -> None:
    """Install Debian's chromium. Failure is told by apt-get itself on the screen."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update", "-q"], ["install", "-y", "-q", "--no-install-recommends", "chromium"]):
        subprocess.run(["apt-get", *arguments], env=environment, stdout=sys.stderr, check=False)


if __name__ == "__main__":
    sys.exit(main())
