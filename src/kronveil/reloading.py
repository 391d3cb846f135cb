"""Takes over a changed configuration while the agent runs. A wrong file keeps the old one running and says so."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import anyio
import structlog

from kronveil.config import Config, load
from kronveil.sdk.errors import ConfigError

LOOK_EVERY_S = 1.0
# What is read once, when ports are opened and the store is found; a new value waits for the next start.
_ONLY_AT_START = ("agent", "listen", "api", "store")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Takeover:
    """What a reload calls: ``apply`` puts a good configuration in force, ``refuse`` is told what is wrong with one."""

    apply: Callable[[Config], None]
    refuse: Callable[[str], None]


class Reloader:
    """Remembers the configuration in force and what the file looked like when it was read."""

    def __init__(self, config: Config, takeover: Takeover) -> None:
        self._config = config
        self._takeover = takeover
        self._path = Path(config.file) if config.file is not None else None
        self._seen = self._look()

    async def follow(self) -> None:
        """Reload whenever the file has changed, until cancelled."""
        while self._path is not None:
            await anyio.sleep(LOOK_EVERY_S)
            if self._look() != self._seen:
                self.reload()

    def reload(self) -> None:
        """Read the file now and take it over, or say why not."""
        self._seen = self._look()
        if self._path is None:
            log.warning("configuration.not_reloaded", reason="the agent was started without a file")
            return
        try:
            config = load(self._path, os.environ)
        except ConfigError as problems:
            log.error("configuration.refused", problems=str(problems))  # noqa: TRY400 - the text is the whole story
            self._takeover.refuse(f"the file on disk was refused, the one before stays in force: {problems}")
            return
        waiting = [name for name in _ONLY_AT_START if getattr(config, name) != getattr(self._config, name)]
        self._config = config
        self._takeover.apply(config)
        log.info("configuration.reloaded", file=str(self._path), waits_for_restart=waiting)
        if waiting:
            self._takeover.refuse(f"{', '.join(waiting)}: changed on disk, in force after the next start")

    def _look(self) -> tuple[int, int, int] | None:
        """What tells one state of the file from the next; None while there is none (an editor is just saving)."""
        try:
            status = self._path.stat() if self._path is not None else None
        except OSError:
            return None
        return (status.st_mtime_ns, status.st_size, status.st_ino) if status is not None else None
