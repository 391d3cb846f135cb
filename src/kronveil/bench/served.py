"""A server in a process of its own that says what it costs: the agent's API, or the least that answers the same.

Run as a module with ``ours``, ``bare`` or ``websockets`` and a folder. Ours is the API as ``kronveil up`` serves it, on
the store in that folder; ``bare`` answers every request with the file ``answer.json`` there, from the same server.
"""

import logging
import resource
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic_ns
from typing import Any

import anyio
import structlog
from starlette.types import Receive, Scope, Send
from websockets.asyncio.server import ServerConnection, broadcast, serve

from kronveil.api import ApiOptions, create_app
from kronveil.api.encode import encode_item
from kronveil.api.serve import open_listeners, serving
from kronveil.bench.agents import agent_on, frozen
from kronveil.bench.fleet import TOKEN
from kronveil.bench.history import event
from kronveil.bench.resident import peak_kib
from kronveil.bench.talk import answering
from kronveil.model.event import Event
from kronveil.sdk.secret import Secret
from kronveil.stores.sqlite import open_sqlite

ANSWER = "answer.json"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
Publish = Callable[[list[Event]], None]


@asynccontextmanager
async def _ours(folder: Path) -> AsyncGenerator[tuple[int, Publish]]:
    async with open_sqlite(folder) as store, agent_on([], store, restored=await store.restore(LONG_AGO)) as agent:
        app = create_app(agent, ApiOptions(auth="required", bootstrap_token=Secret(TOKEN)))
        with open_listeners("127.0.0.1", {"api": 0}, way_out="") as listeners:
            async with serving({"api": app}, listeners, beside=app.stream, on_stop=app.end_streams):
                yield listeners[0].port, lambda events: agent.live.publish("event", events, events[0].at)


@asynccontextmanager
async def _bare(folder: Path) -> AsyncGenerator[tuple[int, Publish]]:
    body = (folder / ANSWER).read_bytes()
    head = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": body})

    with open_listeners("127.0.0.1", {"api": 0}, way_out="") as listeners:
        async with serving({"api": app}, listeners, beside=anyio.sleep_forever, on_stop=_nothing):
            yield listeners[0].port, _nothing


def _nothing(*_: object) -> None:
    """There is nothing to do."""


@asynccontextmanager
async def _websockets(_: Path) -> AsyncGenerator[tuple[int, Publish]]:
    connections: set[ServerConnection] = set()
    seq = 0

    async def hold(connection: ServerConnection) -> None:
        connections.add(connection)
        await connection.wait_closed()
        connections.discard(connection)

    def publish(events: list[Event]) -> None:
        nonlocal seq
        for one in events:
            seq += 1
            head = f'{{"type":"event","seq":{seq},"prev":{seq - 1},"at":"2026-11-25T12:00:00.000Z","data":'
            broadcast(connections, (head.encode() + encode_item(one) + b"}").decode())

    async with serve(hold, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        yield next(iter(server.sockets)).getsockname()[1], publish


KINDS: Mapping[str, Callable[[Path], Any]] = {"ours": _ours, "bare": _bare, "websockets": _websockets}


async def _main(kind: str, folder: Path) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    async with KINDS[kind](folder) as (port, publish):

        async def publishing(asked: dict[str, Any]) -> None:
            """So many turns with so many events each, which say when they were published."""
            shown, padding = event(1_795_000_000_000_000), "x" * asked["padding"]
            began = anyio.current_time()
            for turn in range(asked["turns"]):
                await anyio.sleep_until(began + turn * asked["every_s"])
                words = f"@{monotonic_ns()} {padding}"
                publish([replace(shown, message=words) for _ in range(asked["each"])])

        async def answer(asked: dict[str, Any]) -> Mapping[str, Any]:
            if asked["do"] == "publish":
                await publishing(asked)
            used = resource.getrusage(resource.RUSAGE_SELF)
            return {"cpu_s": used.ru_utime + used.ru_stime, "peak_kib": peak_kib()}

        with frozen():
            await answering({"port": port}, answer)


if __name__ == "__main__":
    anyio.run(_main, sys.argv[1], Path(sys.argv[2]))
