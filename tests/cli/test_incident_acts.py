"""What a person says about incidents from a terminal reaches the agent as said, once, and is told back."""

import json

import anyio
import pytest

from kronveil.model.incident import IncidentStatus
from tests.api.plain_desk import incident
from tests.cli.asking import ask, run

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["acknowledge", "inc-1"], ("acknowledge", "", ())),
        (["resolve", "inc-1", "--reason", "rolled back"], ("resolve", "rolled back", ())),
        (["reopen", "inc-1", "--reason", "it is back"], ("reopen", "it is back", ())),
        (["assign", "inc-1", "--to", "ada"], ("assign", "ada", ())),
        (["assign", "inc-1", "--nobody"], ("assign", "", ())),
        (["note", "inc-1", "seen before"], ("note", "seen before", ())),
        (["pin", "inc-1", "ev-00001"], ("pin", "ev-00001", ())),
        (["merge", "inc-1", "inc-2", "inc-3"], ("merge", "", ("inc-2", "inc-3"))),
        (["split", "inc-1"], ("split", "", ())),
        (["undo", "inc-1"], ("undo", "", ())),
        (["inc-1", "--acknowledge"], ("acknowledge", "", ())),
        (["inc-1", "--resolve", "--reason", "rolled back"], ("resolve", "rolled back", ())),
    ],
)
async def test_a_verb_reaches_the_agent_with_what_was_said_and_a_key(agent, desk, words, told):
    answer = await ask(agent, "incidents", *words)
    (act,) = desk.acts
    assert (act.verb, act.reason, act.others) == told
    assert act.key
    assert answer.startswith("inc-1 ")
    assert answer.endswith(": Memory ran out in payments\n")


async def test_what_it_came_to_is_told(agent):
    assert "inc-1 is acknowledged:" in await ask(agent, "incidents", "acknowledge", "inc-1")
    assert "inc-1 is assigned to ada:" in await ask(agent, "incidents", "assign", "inc-1", "--to", "ada")
    assert "inc-1 is assigned to nobody:" in await ask(agent, "incidents", "assign", "inc-1", "--nobody")
    assert "inc-1 has 2 parts:" in await ask(agent, "incidents", "merge", "inc-1", "inc-2", "inc-3")
    assert "inc-1 is resolved:" in await ask(agent, "incidents", "resolve", "inc-1", "--reason", "rolled back")


async def test_a_note_may_come_from_a_pipe(agent, desk):
    await ask(agent, "incidents", "note", "inc-1", "-", stdin="kubectl says:\nno\n")
    assert desk.acts[0].reason == "kubectl says:\nno"


async def test_the_incident_afterwards_is_there_for_programs(agent):
    told = json.loads(await ask(agent, "incidents", "assign", "inc-1", "--to", "ada", "--json"))
    assert (told["id"], told["owner"]) == ("inc-1", "ada")


async def test_options_before_the_verb_or_the_name_are_meant_for_it(agent, desk):
    first = await run("incidents", "--url", agent, "--json", "acknowledge", "inc-1")
    assert json.loads(first.stdout)["status"] == "acknowledged"
    second = await run("incidents", "--json", "--url", agent, "inc-1", env={"KRONVEIL_URL": "http://127.0.0.1:9"})
    assert json.loads(second.stdout)["id"] == "inc-1"
    third = await run("clusters", "--url", agent, "east")
    assert third.stdout.startswith("east is live\n")


async def test_an_option_of_the_list_before_a_verb_is_a_mistake(agent, desk):
    result = await run("incidents", "--severity", "high", "acknowledge", "inc-1", "--url", agent)
    assert result.exit_code == 2
    assert "--severity is for the list" in result.stderr
    assert desk.acts == []


async def test_a_mistyped_verb_is_not_taken_for_a_name(agent):
    result = await run("incidents", "resovle", "inc-1", "--url", agent)
    assert result.exit_code == 2
    assert "Did you mean 'resolve'" in " ".join(result.stderr.split())


async def test_several_incidents_are_each_told_and_one_that_refuses_keeps_nobody_from_the_rest(agent, desk):
    over = incident(2, status=IncidentStatus.RESOLVED)
    desk.known = {"inc-1": incident(1), "inc-2": over, "inc-3": incident(3)}
    result = await run("incidents", "resolve", "inc-1", "inc-2", "made-up", "inc-3", "--reason", "x", "--url", agent)
    assert result.exit_code == 1
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["inc-1", "inc-3"]
    refusals = result.stderr.splitlines()
    assert refusals[0] == "inc-2: This may not be done to it now: It is resolved already."
    assert refusals[1].startswith("There is no incident 'made-up'")


async def test_what_has_changed_since_one_looked_is_not_acted_upon(agent, desk):
    seen = json.loads(await ask(agent, "incidents", "inc-1", "--json"))["version"]
    assert f"version {seen}\n" in await ask(agent, "incidents", "inc-1")
    await ask(agent, "incidents", "note", "inc-1", "busy")
    late = await run("incidents", "acknowledge", "inc-1", "--if-version", str(seen + 5), "--url", agent)
    assert late.exit_code == 1
    assert "has changed since you looked" in late.stderr
    await ask(agent, "incidents", "acknowledge", "inc-1", "--if-version", str(seen + 1))
    assert [act.verb for act in desk.acts] == ["note", "acknowledge"]


@pytest.mark.parametrize(
    "words",
    [
        ["acknowledge"],
        ["resolve", "inc-1"],
        ["resolve", "inc-1", "--reason", " "],
        ["reopen", "inc-1", "--reason", ""],
        ["assign", "inc-1"],
        ["assign", "inc-1", "--to", " "],
        ["assign", "inc-1", "--to", "ada", "--nobody"],
        ["note", "inc-1"],
        ["note", "inc-1", " "],
        ["pin", "inc-1", "made-up"],
        ["merge", "inc-1"],
        ["split"],
        ["undo", "inc-1", "inc-2", "--if-version", "3"],
        ["undo", "inc-1", "--if-version", "0"],
        ["inc-1", "inc-2"],
    ],
)
async def test_a_verb_with_too_little_or_too_much_ends_with_2_and_words(agent, desk, words):
    result = await run("incidents", *words, "--url", agent)
    assert result.exit_code == 2, result.output
    assert len(result.stderr) > 10
    assert "Traceback" not in result.output
    assert desk.acts == []


class Unsteady:
    """Carries requests to the agent and loses the first answers."""

    def __init__(self, agent: str, losing: int) -> None:
        self._host, _, port = agent.removeprefix("http://").partition(":")
        self._port = int(port)
        self.losing = losing
        self.answers = 0

    async def carry(self, client) -> None:
        async with client, await anyio.connect_tcp(self._host, self._port) as agent, anyio.create_task_group() as tasks:

            async def forth() -> None:
                async for some in client:
                    await agent.send(some)

            tasks.start_soon(forth)
            answer = await agent.receive()
            self.answers += 1
            if self.answers > self.losing:
                await client.send(answer)
            tasks.cancel_scope.cancel()


@pytest.fixture
async def unsteady(agent):
    proxy = Unsteady(agent, losing=1)
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, proxy.carry)
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        yield proxy, f"http://127.0.0.1:{port}"
        tasks.cancel_scope.cancel()


async def test_an_answer_that_is_lost_is_asked_for_again_and_the_act_is_done_once(unsteady, desk):
    proxy, url = unsteady
    assert "inc-1 is acknowledged" in await ask(url, "incidents", "acknowledge", "inc-1")
    assert proxy.answers == 2
    assert len(desk.acts) == 1


async def test_an_agent_that_never_answers_leaves_no_doubt_unsaid(unsteady):
    proxy, url = unsteady
    proxy.losing = 100
    result = await run("incidents", "acknowledge", "inc-1", "--url", url)
    assert result.exit_code == 3
    assert "It may have been done or not" in result.stderr
