"""Whether the silence of an open watch is to be believed: by versions that move without it, and by its bookmarks."""

from datetime import datetime

SILENT_PROBES = 5  # at the usual 15 s: longer than the minute in which a bookmark is due
MOST_SILENT_PROBES = 20
BOOKMARK_SILENCE_S = 150.0


class Vigil:
    """One for each watch. ``sends_bookmarks``: it has sent one, so that a longer silence than ``bookmark_silence_s``
    means something. ``told_at`` is when it last told anything at all."""

    def __init__(self, silent_after_s: float) -> None:
        self.sends_bookmarks = False
        self.bookmark_silence_s = min(BOOKMARK_SILENCE_S, silent_after_s / 2)
        self.told_at: datetime | None = None
        self._allowed = SILENT_PROBES
        self._probes = 0
        self._version_at_probe = ""

    def is_lost(self, version: str, probed: int, *, may_be_silent: bool) -> bool:
        """Whether a watch that stands at ``version`` is lost: silent through several probes while versions move.

        ``may_be_silent``: nobody watches, or the agent holds it up.
        """
        seen = int(version) if version.isdecimal() else probed
        is_silent = version == self._version_at_probe and probed > seen
        self._version_at_probe = version
        if may_be_silent or not is_silent:
            self._probes = 0
            return False
        self._probes += 1
        if self._probes <= self._allowed:
            return False
        # Versions also move by what other kinds do: unless the list shows a loss, be more patient from now on.
        self._allowed = min(self._allowed * 2, MOST_SILENT_PROBES)
        return True

    def had_lost(self) -> None:
        """A list showed what a watch had not told: be as impatient as at first."""
        self._allowed = SILENT_PROBES

    def heard_at(self, now: datetime) -> datetime | None:
        """When an open watch counts as heard, since a probe was answered: now, unless something speaks against it.

        One whose bookmarks are overdue is silent, however often it is opened again: it was heard when it last told.
        """
        silent_s = (now - self.told_at).total_seconds() if self.told_at is not None else 0.0
        is_overdue = self.sends_bookmarks and silent_s > self.bookmark_silence_s
        return self.told_at if is_overdue else now

    @property
    def is_doubtful(self) -> bool:
        """Whether it was silent at the last probe though it should not have been."""
        return self._probes > 0
