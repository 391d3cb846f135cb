"""Tells the audit of tokens that were made or revoked beside the API: `kronveil token` works on their file."""

import logging
from collections.abc import Mapping
from typing import NoReturn

import anyio

from kronveil.agent.desk import Audit
from kronveil.api.tokens import Token, TokenFile
from kronveil.sdk.errors import ConfigError, PluginError
from kronveil.sdk.storage import AuditQuery

BEAT_S = 1.0
COMMAND_LINE = "the command line"
_log = logging.getLogger("kronveil.api")


async def watch_tokens(tokens: TokenFile, audit: Audit) -> NoReturn:
    """Look each second until cancelled; also at what was done while no agent ran."""
    told: Mapping[str, Token] | None = None
    seen: Mapping[str, Token] = {}
    while True:
        try:
            now = {token.id: token for token in tokens.all()}
            # Twice the same: one that the API is about to tell of itself is not told of here.
            if now.keys() == seen.keys() and (told is None or now.keys() != told.keys()):
                await _tell(told, now, audit)
                told = now
            seen = now
        except (ConfigError, PluginError) as error:
            _log.warning("the audit was not told of tokens: %s", error)
        await anyio.sleep(BEAT_S)


async def _tell(told: Mapping[str, Token] | None, now: Mapping[str, Token], audit: Audit) -> None:
    for token in now.values():
        if (told is None or token.id not in told) and await _last(token.id, audit) != "token.created":
            about = {"name": token.name, "role": token.role, "expires_at": token.expires_at}
            await audit.note(COMMAND_LINE, "token.created", token.id, f"made at {token.created_at}", after=about)
    gone = await _forgotten(now, audit) if told is None else [each for each in told if each not in now]
    for token_id in gone:
        if await _last(token_id, audit) == "token.created":
            await audit.note(COMMAND_LINE, "token.revoked", token_id)


async def _last(token_id: str, audit: Audit) -> str:
    """What the audit says last of a token; empty when nothing."""
    page = await audit.page(AuditQuery(limit=1, act="token", target=token_id))
    return page.items[0].note.act if page.items else ""


async def _forgotten(now: Mapping[str, Token], audit: Audit) -> list[str]:
    """Those that the audit saw made, and that are gone: revoked while no agent ran."""
    found: dict[str, None] = {}
    cursor: str | None = None
    while True:
        page = await audit.page(AuditQuery(limit=500, before=cursor, act="token.created"))
        found |= dict.fromkeys(entry.note.target for entry in page.items if entry.note.target not in now)
        cursor = page.next_cursor
        if cursor is None:
            return list(found)
