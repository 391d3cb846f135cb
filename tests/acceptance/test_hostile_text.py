"""Text that a cluster sends is data: it passes unharmed where programs read, and harmless where people read."""

import json

import pytest

from tests.acceptance.agents import agent_in_process, configured
from tests.acceptance.world import quiet_lab, warn

pytestmark = pytest.mark.anyio
HOSTILE = {
    "script": "<script>alert('owned')</script><img src=x onerror=alert(1)>",
    "ansi": "\x1b[2J\x1b[31mall is well\x1b[0m\x07\x9b2J",
    "rtl": "pod \u202egnikrow\u202c is \u2066fine\u2069",
    "newline": "first\r\nkronveil: fake line\tand\ttabs",
    "null": "nul \x00 and 💥 \ud83d\ude00 e\u0301".encode("utf-16", "surrogatepass").decode("utf-16"),
    "quote": "\"'; DROP TABLE events; -- {{7*7}} ${env:HOME} %s %n",
    "markup": "[bold red]rich[/] [link=file:///etc/passwd]x[/link]",
}
LONG = "x" * 253


async def test_hostile_text_is_data_over_rest_and_harmless_in_a_terminal(tmp_path):
    async with quiet_lab() as lab:
        lab.write_kubeconfig(tmp_path / "kubeconfig")
        alpha = lab.clusters["alpha"]
        async with agent_in_process(configured(tmp_path, ["alpha"])) as agent, agent.stream() as stream:
            await agent.all_live("alpha")
            for name, text in HOSTILE.items():
                await warn(alpha, f"hostile-{name}", text, of=f"pod-{name}")
            await warn(alpha, "long", "y" * 20_000, of=LONG)
            told: dict[str, str] = {}
            while len(told) < len(HOSTILE) + 1:
                frame = json.loads(await stream.recv())
                if frame["type"] == "event" and frame["data"]["kind"] == "kubernetes.warning":
                    told[frame["data"]["resource"]["name"]] = frame["data"]["message"]
            stored = {
                each["resource"]["name"]: each["message"]
                for each in await agent.everything("events", kind="kubernetes.warning")
            }
            assert stored == told
            for name, text in HOSTILE.items():
                # White space of any kind is one space: a message is one line.
                assert " ".join(text.split()) in told[f"pod-{name}"]
            assert LONG in told
            assert told[LONG].count("y") <= 20_000

            answer = await agent.http.get("/events")
            assert answer.headers["content-type"].startswith("application/json")
            assert answer.headers["x-content-type-options"] == "nosniff"

            for words in (["events"], ["incidents", "--all"], ["clusters"], ["status"]):
                done = await agent.cli(*words)
                assert done.returncode == 0, done.stderr.decode()
                text = done.stdout.decode()
                assert all(each.isprintable() or each == "\n" for each in text), words
            table = (await agent.cli("events")).stdout.decode()
            assert len([line for line in table.splitlines() if "fake line" in line]) == 1
            assert not any(line.startswith("kronveil: fake line") for line in table.splitlines())
            assert "[bold red]rich[/]" in table
            read = json.loads((await agent.cli("events", "--json")).stdout)
            assert {each["message"] for each in read["items"]} >= set(told.values())
