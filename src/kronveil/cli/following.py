"""Follows the live stream for `kronveil events -f`: resumes where it was, and says what it could not see."""

import json
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import anyio
import typer
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from kronveil.cli.client import WAY_IN, fetch, unreachable
from kronveil.cli.ending import FAILED, end
from kronveil.cli.events import row
from kronveil.cli.finding import addresses, credentials, is_here, reason_of, token
from kronveil.cli.tables import clean

FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 30.0
SILENCE_S = 15.0
_REMEMBERED = 2000
_WIDTHS = (24, 8, 16, 30, 44)


class Following:
    """One run of the command: first what was, then what happens."""

    def __init__(
        self, url: str | None, narrowed: Mapping[str, str], asked: Mapping[str, Any], *, as_json: bool
    ) -> None:
        self._url = url
        self._narrowed = narrowed
        self._asked = asked
        self._as_json = as_json
        self._base = ""
        self._place: tuple[int, str] | None = None
        self._printed: OrderedDict[str, None] = OrderedDict()

    async def run(self) -> None:
        """Until interrupted. Ends with 3 when nobody answers at first; later it tries again for ever."""
        wait_s = FIRST_WAIT_S
        async with await self._first() as connection:
            await self._read_until_lost(connection)
        while True:
            typer.echo(f"Connection lost; trying again in {wait_s:g} s.", err=True)
            await anyio.sleep(wait_s)
            try:
                async with self._connect(self._base) as connection:
                    wait_s = FIRST_WAIT_S
                    await self._read_until_lost(connection)
            except (OSError, InvalidHandshake, ConnectionClosed):
                wait_s = min(LONGEST_WAIT_S, wait_s * 2)

    async def _first(self) -> ClientConnection:
        tried: dict[str, str] = {}
        for base in addresses(self._url):
            try:
                connection = await self._connect(base)
            except (InvalidHandshake, InvalidURI) as error:
                end(FAILED, f"{base} answers, but not as a Kronveil agent does: {error}.")
            except (OSError, TimeoutError) as error:
                tried[base] = reason_of(error)
                continue
            self._base = base
            return connection
        return unreachable(tried)

    def _connect(self, base: str) -> connect:
        query = {}
        if self._place is not None:
            query = {"since": self._place[0], "epoch": self._place[1]}
        address = urlsplit(base)
        scheme = "wss" if address.scheme == "https" else "ws"
        return connect(
            f"{scheme}://{address.netloc}{address.path}/api/v1/ws/events?{urlencode(query)}",
            additional_headers=credentials(),
            proxy=None if is_here(base) else True,
            max_size=None,
            open_timeout=10,
        )

    async def _read_until_lost(self, connection: ClientConnection) -> None:
        wanted = {"type": "subscribe", "topics": ["event"], "filter": dict(self._narrowed)}
        try:
            await connection.send(json.dumps(wanted))
            while True:
                # A status comes every two seconds, so a longer silence is a dead connection.
                with anyio.fail_after(SILENCE_S):
                    frame = json.loads(await connection.recv())
                if frame["type"] == "ping":
                    await connection.send('{"type": "pong"}')
                await self._take(frame)
        except TimeoutError:
            return
        except ConnectionClosed as closed:
            code, reason = (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "")
            if code in {4401, 4403, 1008}:
                hint = f"\n{WAY_IN}" if code == 4401 and token() is None else ""
                end(FAILED, f"The agent refuses the stream: {reason}{hint}")

    async def _take(self, frame: Mapping[str, Any]) -> None:
        if frame["type"] == "hello":
            if frame["snapshot"] is not None:
                await self._catch_up()
            self._place = (frame["seq"], frame["epoch"])
        elif frame["type"] == "event":
            self._show(frame["data"])
            if self._place is not None:
                self._place = (frame["seq"], self._place[1])

    async def _catch_up(self) -> None:
        # The stream begins here, at first or anew; the stored events tell what came before, up to --limit.
        is_anew = self._place is not None
        try:
            page = await anyio.to_thread.run_sync(lambda: fetch(self._base, "events", self._asked).body)
        except typer.Exit:
            if not is_anew:
                raise
            return  # said why already; what happens from now is still worth following
        if is_anew and not any(event["id"] in self._printed for event in page["items"]):
            typer.echo("The agent no longer has this place in the stream; older events may be missing here.", err=True)
        for event in reversed(page["items"]):
            self._show(event)

    def _show(self, event: dict[str, Any]) -> None:
        # Frames that were on their way before the agent heard the filter are not for us.
        told = {"cluster": event["cluster_name"], "kind": event["kind"], "severity": event["severity"]}
        if event["id"] in self._printed or any(told[name] != value for name, value in self._narrowed.items()):
            return
        self._printed[event["id"]] = None
        if len(self._printed) > _REMEMBERED:
            self._printed.popitem(last=False)
        if self._as_json:
            typer.echo(json.dumps(event, ensure_ascii=False))
            return
        cells = [clean(cell) for cell in row(event)]
        typer.echo("  ".join([*(f"{cell:<{width}}" for cell, width in zip(cells, _WIDTHS, strict=False)), cells[-1]]))
