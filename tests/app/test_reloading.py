"""Reloading: a good file takes effect, a wrong one keeps the old one running and says so."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from structlog.testing import capture_logs

from kronveil.config import Config, load
from kronveil.config.settings import effective
from kronveil.reloading import Reloader, Takeover
from kronveil.sdk.errors import ConfigError
from tests.virtual_time import VIRTUAL_TIME

NOTHING: Mapping[str, str] = {}


class Rig:
    """A reloader on a file, and what it called."""

    def __init__(self, folder: Path, text: str) -> None:
        self.file = folder / "kronveil.yaml"
        self.file.write_text(text)
        self.applied: list[Config] = []
        self.refused: list[str] = []
        self.reloader = Reloader(load(self.file, NOTHING), Takeover(self.applied.append, self.refused.append))

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.reloader.follow)
            await anyio.sleep(0.1)
            yield
            tasks.cancel_scope.cancel()

    def fail(self, _: Config) -> None:
        raise ConfigError("clusters.json: cannot be read")

    def write(self, text: str) -> None:
        """As careful editors do: a new file in the place of the old one."""
        draft = self.file.with_suffix(".new")
        draft.write_text(text)
        draft.replace(self.file)


def test_a_good_file_takes_effect(tmp_path: Path) -> None:
    rig = Rig(tmp_path, "incidents: {resolve_after: 60s}")
    rig.write("incidents: {resolve_after: 5s}")
    rig.reloader.reload()
    assert [config.incidents.resolve_after.total_seconds() for config in rig.applied] == [5]
    assert rig.refused == []


def test_a_wrong_file_is_refused_with_its_place_and_the_old_one_stays(tmp_path: Path) -> None:
    rig = Rig(tmp_path, "incidents: {resolve_after: 60s}")
    rig.write("incidents: {resolve_aftr: 5s}")
    rig.reloader.reload()
    assert rig.applied == []
    (told,) = rig.refused
    assert "the one before stays in force" in told
    assert "kronveil.yaml:1:13 incidents.resolve_aftr: no such key" in told


def test_what_waits_for_the_next_start_is_named_and_stays_as_it_is(tmp_path: Path) -> None:
    rig = Rig(tmp_path, "listen: {api: 8080}")
    rig.write("incidents: {resolve_after: 5s}\nlisten: {api: 8081}")
    rig.reloader.reload()
    (config,) = rig.applied
    assert (config.listen.api, config.incidents.resolve_after.total_seconds()) == (8080, 5)
    assert rig.refused == ["after the next start will be in force: listen.api: 8081 instead of 8080"]
    (shown,) = [each for each in effective(config) if each.key == "listen.api"]
    assert (shown.value, shown.source) == (8080, f"{rig.file}:1")


def test_it_is_named_again_until_the_file_says_what_runs(tmp_path: Path) -> None:
    rig = Rig(tmp_path, "{}")
    for text in ("agent: {name: other}", "agent: {name: other}\nincidents: {resolve_after: 5s}", "{}"):
        rig.write(text)
        rig.reloader.reload()
    assert len(rig.applied) == 3
    assert rig.refused == ["after the next start will be in force: agent.name: other instead of kronveil"] * 2


def test_a_secret_that_waits_is_not_told(tmp_path: Path) -> None:
    rig = Rig(tmp_path, "api: {bootstrap_token: an-old-long-token}")
    rig.write("api: {bootstrap_token: a-new-long-token}")
    rig.reloader.reload()
    assert rig.refused == ["after the next start will be in force: api.bootstrap_token: another value"]


def test_how_long_is_kept_changes_at_once_and_how_much_the_file_may_hold_waits(tmp_path: Path) -> None:
    rig = Rig(tmp_path, "{}")
    rig.write("store: {event_retention: 2d, signal_max_mib: 64}")
    rig.reloader.reload()
    store = rig.applied[0].store
    assert (store.event_retention.days, store.signal_max_mib) == (2, 2048)
    assert rig.refused == ["after the next start will be in force: store.signal_max_mib: 64 instead of 2048"]


def test_the_log_changes_at_once(tmp_path: Path) -> None:
    rig = Rig(tmp_path, "agent: {log_level: info}")
    rig.write("agent: {log_level: debug, log_format: json}")
    rig.reloader.reload()
    assert (rig.applied[0].agent.log_level, rig.applied[0].agent.log_format) == ("debug", "json")
    assert rig.refused == []


def test_a_file_that_cannot_be_taken_over_is_refused_like_a_wrong_one(tmp_path: Path) -> None:
    rig = Rig(tmp_path, "{}")
    reloader = Reloader(load(rig.file, NOTHING), Takeover(rig.fail, rig.refused.append))
    rig.write("incidents: {resolve_after: 5s}")
    reloader.reload()
    (told,) = rig.refused
    assert told.endswith("the one before stays in force: clusters.json: cannot be read")


def test_what_has_changed_is_logged_by_its_keys(tmp_path: Path) -> None:
    rig = Rig(tmp_path, "{}")
    rig.write("agent: {log_level: debug}\nlisten: {api: 0}")
    with capture_logs() as logged:
        rig.reloader.reload()
    (told,) = [each for each in logged if each["event"] == "configuration.reloaded"]
    assert (told["changed"], told["waits_for_restart"]) == (["agent.log_level"], ["listen.api"])


def test_a_file_that_is_gone_is_refused(tmp_path: Path) -> None:
    rig = Rig(tmp_path, "incidents: {resolve_after: 60s}")
    rig.file.unlink()
    rig.reloader.reload()
    assert "no such file" in rig.refused[0]


@pytest.mark.parametrize("anyio_backend", [VIRTUAL_TIME], ids=["virtual time"])
@pytest.mark.anyio
class TestFollowing:
    """The file is looked at by itself, once a second."""

    async def test_a_changed_file_is_noticed_by_itself(self, tmp_path: Path) -> None:
        rig = Rig(tmp_path, "incidents: {resolve_after: 60s}")
        async with rig.following():
            rig.write("incidents: {resolve_after: 7s}")
            await anyio.sleep(1.5)
        assert [config.incidents.resolve_after.total_seconds() for config in rig.applied] == [7]

    async def test_a_file_that_is_away_while_an_editor_saves_it_is_not_missed(self, tmp_path: Path) -> None:
        rig = Rig(tmp_path, "incidents: {resolve_after: 60s}")
        async with rig.following():
            rig.file.unlink()
            await anyio.sleep(1.5)
            rig.write("incidents: {resolve_after: 7s}")
            await anyio.sleep(1)
        assert (len(rig.applied), rig.refused) == (1, [])

    async def test_a_file_that_stays_away_is_told_once(self, tmp_path: Path) -> None:
        rig = Rig(tmp_path, "incidents: {resolve_after: 60s}")
        async with rig.following():
            rig.file.unlink()
            await anyio.sleep(10.5)
        assert (len(rig.applied), len(rig.refused)) == (0, 1)
