"""An agent's answers, recorded once and given again: what pictures are compared on must not move by a second.

`record` hears a real agent; `replay` stands in its place before the same pages. The recording holds nothing that a real
agent did not say, and the pages cannot tell.
"""

import json
from pathlib import Path
from typing import Any

from playwright.async_api import Page, Request, Route, WebSocket, WebSocketRoute

from tests.dashboard.conftest import settles
from tests.dashboard.fleet import ConsoleAgent

RECORDINGS = Path(__file__).with_name("frozen")
STREAM = "**/api/v1/ws/events*"
# Moments in a question come from the clock and would never be asked again.
_MOMENTS = frozenset({"since", "until", "from", "to", "at", "around"})


def _key(url: str) -> str:
    path, _, query = url.partition("/api/v1")[2].partition("?")
    kept = sorted(pair for pair in query.split("&") if pair and pair.partition("=")[0] not in _MOMENTS)
    return path + ("?" + "&".join(kept) if kept else "")


def recording(name: str) -> Path:
    """The file of one of the recordings."""
    return RECORDINGS / f"{name}.json"


async def record(page: Page, agent: ConsoleAgent, name: str, paths: dict[str, str]) -> None:
    """Look at every page before the real agent and keep all it says."""
    answers: dict[str, Any] = {}
    said: list[dict[str, Any]] = []

    async def keep(route: Route) -> None:
        answer = await route.fetch()
        if answer.ok and route.request.method == "GET":
            answers[_key(route.request.url)] = await answer.json()
        await route.fulfill(response=answer)

    def hear(socket: WebSocket) -> None:
        socket.on("framereceived", lambda text: said.append(json.loads(text)))

    page.on("websocket", hear)
    await page.route("**/api/v1/**", keep)
    for path in paths.values():
        await settles(page, agent.url + path)
        await page.wait_for_load_state("networkidle")
    await page.unroute_all(behavior="wait")
    # The newest greeting goes with the newest answers.
    hello = next(one for one in reversed(said) if one["type"] == "hello" and one.get("snapshot"))
    status = next(one for one in reversed(said) if one["type"] == "status")
    whole = json.dumps({"paths": paths, "hello": hello, "status": status, "answers": answers}, indent=1, sort_keys=True)
    # Where this run's agent lived is nobody's business.
    recording(name).write_text(whole.replace(str(agent.folder), "/var/lib/kronveil") + "\n")


async def replay(page: Page, name: str) -> dict[str, str]:
    """Let the page hear the recording and nothing else; the paths that were recorded, by name."""
    recorded: dict[str, Any] = json.loads(recording(name).read_text())
    hello, status = recorded["hello"], recorded["status"]
    moment = status["data"]["server_time"]

    async def answer(route: Route, request: Request) -> None:
        known = recorded["answers"].get(_key(request.url))
        if known is None:
            await route.fulfill(status=404, json={"title": "Not recorded", "detail": f"Not recorded: {request.url}"})
        else:
            await route.fulfill(json=known)

    # The agent's word for now never moves on, so no age does.
    beat = json.dumps({**status, "seq": hello["seq"], "at": moment})
    greeting = json.dumps({**hello, "at": moment})
    await page.route("**/api/v1/**", answer)
    await page.route_web_socket(STREAM, _greet(greeting, beat))
    await page.clock.set_fixed_time(moment)
    paths: dict[str, str] = recorded["paths"]
    return paths


def _greet(greeting: str, beat: str) -> Any:
    def greet(socket: WebSocketRoute) -> None:
        socket.send(greeting)
        socket.send(beat)

    return greet
