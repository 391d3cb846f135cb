"""Takes over a changed configuration while the agent runs. A wrong file keeps the old one running and says so."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import anyio
import structlog

from kronveil.agent.desk import Setting
from kronveil.config import Config, load
from kronveil.config.settings import effective
from kronveil.sdk.errors import KronveilError

LOOK_EVERY_S = 1.0
MOST_TOLD = 20
# What is read once, when ports are opened and the store is found; a new value waits for the next start.
ONLY_AT_START = ("agent.name", "agent.data_dir", "listen.", "api.", "store.signal_max_mib", "telemetry.", "bus.")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Takeover:
    """What a reload calls: ``apply`` puts a good configuration in force, or raises KronveilError and changes nothing;
    ``differs`` is told what of the file on disk is not in force, and why."""

    apply: Callable[[Config], None]
    differs: Callable[[str], None]


class Reloader:
    """Remembers the configuration in force and what the file looked like when it was read."""

    def __init__(self, config: Config, takeover: Takeover) -> None:
        self._started = config
        self._config = config
        self._takeover = takeover
        self._path = Path(config.file) if config.file is not None else None
        self._seen = self._look()

    async def follow(self) -> None:
        """Reload whenever the file has changed, until cancelled."""
        is_gone = False
        while self._path is not None:
            await anyio.sleep(LOOK_EVERY_S)
            look = self._look()
            # An editor that is just saving may leave no file for a moment.
            is_just_gone, is_gone = look is None and not is_gone, look is None
            if look != self._seen and not is_just_gone:
                self.reload()

    def reload(self) -> None:
        """Read the file now and take it over, or say why not."""
        self._seen = self._look()
        if self._path is None:
            log.warning("configuration.not_reloaded", reason="the agent was started without a file")
            return
        try:
            on_disk = load(self._path, os.environ)
            waiting = _waiting(self._started, on_disk)
            config = _in_force(self._started, on_disk, waiting)
            self._takeover.apply(config)
        except KronveilError as problems:
            log.error("configuration.refused", problems=str(problems))  # noqa: TRY400 - the text is the whole story
            self._takeover.differs(f"the file on disk was refused, the one before stays in force: {problems}")
            return
        changed = _changed(self._config, config)
        self._config = config
        log.info("configuration.reloaded", file=str(self._path), changed=changed, waits_for_restart=list(waiting))
        if waiting:
            told = ", ".join(f"{key}: {_told(was, now)}" for key, (was, now) in waiting.items())
            self._takeover.differs(f"after the next start will be in force: {told}")

    def _look(self) -> tuple[int, int, int] | None:
        """What tells one state of the file from the next; None while there is none."""
        try:
            status = self._path.stat() if self._path is not None else None
        except OSError:
            return None
        return (status.st_mtime_ns, status.st_size, status.st_ino) if status is not None else None


def _waiting(started: Config, on_disk: Config) -> Mapping[str, tuple[Setting, Setting]]:
    """What only a start can put in force: as it is, and as the file has it."""
    before = {each.key: each for each in effective(started)}
    pairs = {each.key: (before[each.key], each) for each in effective(on_disk) if each.key.startswith(ONLY_AT_START)}
    return {key: (was, now) for key, (was, now) in pairs.items() if _value(started, key) != _value(on_disk, key)}


def _value(config: Config, key: str) -> object:
    section, _, name = key.partition(".")
    return getattr(getattr(config, section), name)


def _in_force(started: Config, on_disk: Config, waiting: Mapping[str, object]) -> Config:
    """The file's, but for what was read at the start and keeps its value and its origin."""
    kept: dict[str, dict[str, object]] = {}
    for key in waiting:
        section, _, name = key.partition(".")
        kept.setdefault(section, {})[name] = _value(started, key)
    sections: dict[str, Any] = {name: replace(getattr(on_disk, name), **values) for name, values in kept.items()}
    origins = {key: origin for key, origin in on_disk.origins.items() if key not in waiting}
    origins |= {key: started.origins[key] for key in waiting if key in started.origins}
    return replace(on_disk, **sections, origins=MappingProxyType(origins))


def _changed(before: Config, now: Config) -> list[str]:
    """The keys whose value is another one now, or that are new or gone."""
    was, is_now = ({each.key: each.value for each in effective(config)} for config in (before, now))
    keys = [key for key in {**was, **is_now} if was.get(key) != is_now.get(key)]
    return keys if len(keys) <= MOST_TOLD else [*keys[:MOST_TOLD], f"and {len(keys) - MOST_TOLD} more"]


def _told(was: Setting, now: Setting) -> str:
    """Without what is masked."""
    return "another value" if was.value == now.value else f"{now.value} instead of {was.value}"
