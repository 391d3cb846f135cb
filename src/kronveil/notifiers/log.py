"""Writes notices into the agent's own log, where whoever reads it finds them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

import structlog

from kronveil.notifiers.once import Told, shortened
from kronveil.sdk.notifiers import Notice, Notifier, NotifierComponent

LONGEST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class LogConfig:
    """Notices as lines of the agent's log."""

    level: Literal["info", "warning", "error"] = "warning"


class LogNotifier:
    """See ``Notifier``."""

    def __init__(self, config: LogConfig) -> None:
        self._log = structlog.get_logger()
        self._level = config.level
        self._told = Told()

    async def tell(self, notice: Notice) -> str:
        """See ``Notifier.tell``."""
        if notice.key not in self._told:
            getattr(self._log, self._level)(
                "notice",
                title=shortened(notice.title, LONGEST),
                text=shortened(notice.text, LONGEST),
                severity=notice.severity,
                incident=notice.incident_id,
                cluster=notice.cluster,
                key=notice.key,
            )
            self._told.add(notice.key)
        return "the agent's log"


@asynccontextmanager
async def _open(config: LogConfig) -> AsyncGenerator[Notifier]:
    yield LogNotifier(config)


component = NotifierComponent(
    name="log", summary="Notices as lines of the agent's own log.", config=LogConfig, open=_open
)
