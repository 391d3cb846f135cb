"""What this process holds in memory, where the system tells (0 where it does not)."""

import contextlib
from pathlib import Path

_OWN = Path("/proc/self")


def resident_kib() -> int:
    """Now."""
    return _status("VmRSS:")


def peak_kib() -> int:
    """At most, since the start or the last ``forget_peak``."""
    return _status("VmHWM:")


def forget_peak() -> None:
    """Let the peak begin anew."""
    with contextlib.suppress(OSError):
        (_OWN / "clear_refs").write_text("5", encoding="ascii")


def _status(word: str) -> int:
    with contextlib.suppress(OSError):
        for line in (_OWN / "status").read_text(encoding="ascii").splitlines():
            if line.startswith(word):
                return int(line.split()[1])
    return 0
