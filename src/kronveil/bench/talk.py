"""Talks with a process of ours over its pipes: a line of JSON goes in, a line of JSON comes out."""

import json
import os
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.to_thread
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from kronveil.bench.fleet import process

ANSWERS_WITHIN_S = 180


class Talker:
    """The parent's side."""

    def __init__(self, started: Process) -> None:
        assert started.stdout is not None  # noqa: S101 - it was opened with pipes
        self._process = started
        self._said = BufferedByteReceiveStream(started.stdout)
        self.began: Mapping[str, Any] = {}

    async def ask(self, do: str, **more: object) -> dict[str, Any]:
        """Have something done; what came of it."""
        assert self._process.stdin is not None  # noqa: S101 - it was opened with pipes
        await self._process.stdin.send(json.dumps({"do": do, **more}).encode() + b"\n")
        return await self.heard()

    async def heard(self) -> dict[str, Any]:
        """The next line it says."""
        with anyio.fail_after(ANSWERS_WITHIN_S):
            said: dict[str, Any] = json.loads(await self._said.receive_until(b"\n", 1 << 26))
        return said


@asynccontextmanager
async def talking(module: str, *arguments: str) -> AsyncGenerator[Talker]:
    """A module that was started and has said its first line, which is ``began``."""
    async with process(module, *arguments) as started:
        talker = Talker(started)
        talker.began = await talker.heard()
        yield talker


async def answering(first: Mapping[str, Any], answer: Callable[[dict[str, Any]], Awaitable[Mapping[str, Any]]]) -> None:
    """The child's side: say the first line, then answer each that comes in, until the parent is gone."""
    _say(first)
    while line := await anyio.to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True):
        _say(await answer(json.loads(line)))


def _say(words: Mapping[str, Any]) -> None:
    # Past Python's own buffers: the parent waits for this line.
    os.write(sys.stdout.fileno(), json.dumps(words).encode() + b"\n")
