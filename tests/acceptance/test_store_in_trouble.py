"""The whole agent where its store cannot be used: it says what is wrong and the way out, and that way works."""

from datetime import UTC, datetime, timedelta

import pytest
from anyio import to_thread

from kronveil.stores.sqlite.upkeep import backup, restore
from tests.acceptance.agents import agent_in_process, command, configured

pytestmark = pytest.mark.anyio


async def test_a_second_agent_on_one_folder_starts_nothing_and_says_who_is_there(tmp_path):
    file = configured(tmp_path)
    async with agent_in_process(file) as agent:
        second = await command("up", "-c", str(file))
        told = second.stderr.decode()
        assert second.returncode == 1, told
        assert "another agent (pid " in told
        assert "agent.data_dir" in told
        assert "Traceback" not in told
        assert (await agent.health())["status"] == "healthy", "the first goes on"


async def test_a_damaged_store_is_not_touched_and_a_backup_brings_it_back(tmp_path):
    file, data = configured(tmp_path), tmp_path / "data"
    ends_at = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    hush = {"cluster": "east", "reason": "upgrade", "ends_at": ends_at}
    async with agent_in_process(file) as agent:
        made = (await agent.http.post("/silences", json=hush)).json()
        await to_thread.run_sync(backup, data, tmp_path / "backup.db")

    whole = (data / "kronveil.db").read_bytes()
    harmed = whole[:4096] + b"\xff" * 8192 + whole[12288:]
    (data / "kronveil.db").write_bytes(harmed)
    refused = await command("up", "-c", str(file))
    assert refused.returncode == 1
    assert "kronveil db restore" in refused.stderr.decode()
    assert "Traceback" not in refused.stderr.decode()
    assert (data / "kronveil.db").read_bytes() == harmed

    await to_thread.run_sync(restore, data, tmp_path / "backup.db")
    async with agent_in_process(file) as agent:
        assert [each["id"] for each in (await agent.get("silences"))["items"]] == [made["id"]]
        assert (await agent.health())["status"] == "healthy"
    assert [kept.read_bytes() for kept in data.glob("kronveil.db.before-restore-*Z")] == [harmed], "and is kept"
