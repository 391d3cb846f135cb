"""Tokens that are made and revoked beside the API are in the audit, once, also those of while no agent ran."""

from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import anyio
import pytest

from kronveil.api import token_watch
from kronveil.api.token_watch import COMMAND_LINE, watch_tokens
from kronveil.api.tokens import TokenFile
from tests.api.plain_audit import PlainAudit, PlainRecord
from tests.api.plain_desk import NOON

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def watched(folder: Path, audit: PlainAudit):
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch_tokens, TokenFile(folder), audit)
        yield
        tasks.cancel_scope.cancel()


async def has(record: PlainRecord, number: int) -> list[tuple[str, str, str]]:
    with anyio.fail_after(30):
        while len(record.entries) < number:  # noqa: ASYNC110 - the record tells nobody
            await anyio.sleep(0.01)
    return [(each.note.actor, each.note.act, each.note.target) for each in record.entries]


async def test_what_the_command_line_does_is_told_once(tmp_path, monkeypatch):
    monkeypatch.setattr(token_watch, "BEAT_S", 0.02)
    record = PlainRecord()
    audit = PlainAudit(record, lambda: NOON)
    file = TokenFile(tmp_path)
    first, text = file.create("admin", "ada", None, NOON)
    async with watched(tmp_path, audit):
        assert await has(record, 1) == [(COMMAND_LINE, "token.created", first.id)]
        second, _ = file.create("viewer", "bob", timedelta(days=1), NOON)
        await has(record, 2)
        file.revoke(first.id)
        assert (await has(record, 3))[2] == (COMMAND_LINE, "token.revoked", first.id)
    file.revoke(second.id)
    async with watched(tmp_path, audit):
        assert (await has(record, 4))[3] == (COMMAND_LINE, "token.revoked", second.id)
        await anyio.sleep(0.2)
    assert len(record.entries) == 4
    assert text.reveal() not in str(record.entries)


async def test_what_the_api_told_of_itself_is_not_told_again(tmp_path, monkeypatch):
    monkeypatch.setattr(token_watch, "BEAT_S", 0.02)
    record = PlainRecord()
    audit = PlainAudit(record, lambda: NOON)
    token, _ = TokenFile(tmp_path).create("admin", "ada", None, NOON)
    await audit.note("eve", "token.created", token.id)
    async with watched(tmp_path, audit):
        await anyio.sleep(0.3)
    assert len(record.entries) == 1
