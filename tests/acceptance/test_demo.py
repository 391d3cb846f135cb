"""`kronveil demo`: one command, offline, and within a minute something breaks, is noticed and shown."""

import os
import random
import re
import signal
import socket
from contextlib import suppress

import anyio
import httpx2
import pytest

from tests.acceptance.agents import KRONVEIL, Agent, command
from tests.real.processes import ServerProcess
from tests.real.waiting import eventually

pytestmark = pytest.mark.anyio
API, CONSOLE = 8080, 3000
OTHERS = (CONSOLE, 8889, 13133)


def _free_offset() -> int:
    """An offset that moves every port of the demo to a free one.

    To one below those that the kernel gives away: nobody who asks for any port takes it between this and its use.
    """
    offsets = random.sample(range(10_000, 19_000), 100)
    return next(offset for offset in offsets if all(_is_free(port + offset) for port in (API, *OTHERS)))


def _is_free(port: int) -> bool:
    with socket.socket() as probe, suppress(OSError):
        probe.bind(("127.0.0.1", port))
        return True
    return False


async def test_the_demo_shows_an_incident_within_a_minute_and_leaves_the_users_own_agent_alone(tmp_path):
    offset = _free_offset()
    words = [KRONVEIL, "demo", "--no-browser", "--port-offset", str(offset)]
    demo = ServerProcess("demo", words, tmp_path)
    demo.start({"XDG_STATE_HOME": str(tmp_path / "state")})
    url = f"http://127.0.0.1:{API + offset}"
    try:
        async with httpx2.AsyncClient(base_url=f"{url}/api/v1", trust_env=False, timeout=20) as http:
            agent = Agent(url, http)

            async def answers():
                demo.ensure_alive()
                try:
                    return (await http.get("/health")).status_code == 200
                except httpx2.TransportError:
                    return False

            await eventually(answers, "the demo answers", within_s=60)
            assert (await agent.get("status"))["simulated"] is True

            async def where_the_console_is():
                return re.findall(r"console: +(\S+)", demo.log.read_text())

            # The ports are open a moment before that is said.
            (told,) = await eventually(where_the_console_is, "the demo says where its console is", within_s=60)
            assert told == f"http://127.0.0.1:{CONSOLE + offset}"
            console = await http.get(f"{told}/")
            assert console.headers["content-type"].startswith("text/html")

            # Without being told where it is, the commands find it.
            found = await command("status", HOME=str(tmp_path), XDG_STATE_HOME=str(tmp_path / "state"))
            assert "SIMULATED WORLD" in found.stdout.decode(), found

            again = await command(*words[1:], HOME=str(tmp_path), XDG_STATE_HOME=str(tmp_path / "other"))
            assert again.returncode == 2
            assert f"127.0.0.1:{API + offset}" in again.stderr.decode()
            assert "--port-offset" in again.stderr.decode()

            async def has_incidents():
                return await agent.incidents("image")

            with anyio.fail_after(60):
                assert await eventually(has_incidents, "something breaks and is noticed", within_s=60)
            assert (await agent.fleet())["clusters"]["live"] == 3
        os.kill(demo.pid, signal.SIGINT)

        async def has_ended():
            return not demo.is_running

        await eventually(has_ended, "Ctrl-C ends the demo", within_s=30)
        assert "SIMULATED WORLD" in demo.log_tail()
        assert "Traceback" not in demo.log_tail()
        assert {each.name for each in (tmp_path / "state").iterdir()} == {"kronveil-demo"}
    finally:
        await demo.kill()
