"""The switch that stops all runs: a file in the data folder, so that it works with the agent down and without it."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from kronveil.model.execution import Stop
from kronveil.sdk.errors import Transient

FILE = "runs-stopped"
BY_HAND = "a file"


class KillSwitch:
    """Implements ``agent.repertoire.Switch``. That the file is there is what counts: ``touch`` stops everything."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def stopped(self) -> Stop | None:
        """Who stopped all runs, when and why; None when they are not. What cannot be looked at counts as stopped."""
        try:
            stat = self._path.stat()
            text = self._path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return None
        except OSError as error:
            return Stop(BY_HAND, datetime.now(UTC), f"{self._path} cannot be read: {error.strerror}")
        try:
            told = json.loads(text)
            return Stop(str(told["by"]), datetime.fromisoformat(told["at"]), str(told["reason"]))
        except (ValueError, TypeError, KeyError):
            return Stop(BY_HAND, datetime.fromtimestamp(stat.st_mtime, UTC), text.strip()[:200])

    def stop(self, stop: Stop) -> None:
        """Stop all runs, also after a restart. Raises Transient when that cannot be written."""
        try:
            with self._path.open("w", encoding="utf-8") as file:
                json.dump({"by": stop.by, "at": stop.at.isoformat(), "reason": stop.reason}, file)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            # Opened, it is there already, and that is what counts.
            if not self._path.exists():
                raise Transient(f"{self._path} cannot be written: {error.strerror}. Runs go on.") from error

    def resume(self) -> None:
        """Let runs be proposed and act again. Raises Transient when that cannot be written."""
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            raise Transient(f"{self._path} cannot be removed: {error.strerror}. All runs stay stopped.") from error
