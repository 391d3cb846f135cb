"""Reloading: a good file takes effect, a wrong one keeps the old one running and says so."""

from collections.abc import Mapping
from pathlib import Path

import anyio
import pytest

from kronveil.config import Config, load
from kronveil.reloading import Reloader, Takeover

NOTHING: Mapping[str, str] = {}


class Rig:
    """A reloader on a file, and what it called."""

    def __init__(self, folder: Path, text: str) -> None:
        self.file = folder / "kronveil.yaml"
        self.file.write_text(text)
        self.applied: list[Config] = []
        self.refused: list[str] = []
        self.reloader = Reloader(load(self.file, NOTHING), Takeover(self.applied.append, self.refused.append))

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


def test_what_waits_for_the_next_start_is_named(tmp_path: Path) -> None:
    rig = Rig(tmp_path, "listen: {api: 8080}")
    rig.write("listen: {api: 8081}\nincidents: {resolve_after: 5s}")
    rig.reloader.reload()
    assert len(rig.applied) == 1
    assert rig.refused == ["listen: changed on disk, in force after the next start"]


def test_a_file_that_is_gone_is_refused(tmp_path: Path) -> None:
    rig = Rig(tmp_path, "incidents: {resolve_after: 60s}")
    rig.file.unlink()
    rig.reloader.reload()
    assert "no such file" in rig.refused[0]


@pytest.mark.anyio
async def test_a_changed_file_is_noticed_by_itself(tmp_path: Path) -> None:
    rig = Rig(tmp_path, "incidents: {resolve_after: 60s}")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(rig.reloader.follow)
        rig.write("incidents: {resolve_after: 7s}")
        with anyio.fail_after(30):
            while not rig.applied:  # noqa: ASYNC110 - a file that changes sets no event
                await anyio.sleep(0.05)
        tasks.cancel_scope.cancel()
    assert rig.applied[0].incidents.resolve_after.total_seconds() == 7
