"""One cluster on a page, and asked now whether it answers."""

import json
from dataclasses import replace

import pytest

from kronveil.model.fleet import ClusterState
from tests.api.plain_desk import member
from tests.cli.asking import ask, run

pytestmark = pytest.mark.anyio


async def test_a_cluster_is_shown_with_its_kinds_and_its_books(agent):
    for words in (["clusters", "east"], ["clusters", "show", "east"]):
        lines = (await ask(agent, *words)).splitlines()
        assert lines[0] == "east is live"
        told = {line[:11].strip(): line[11:] for line in lines[1:8]}
        assert told["heard"] == "2 s ago"
        assert told["holds"] == "41 pods, 3 nodes"
        assert told["incidents"] == "inc-1"
        assert told["books"].endswith("(dropped: invalid 1)")
        rows = [line.split() for line in lines]
        assert ["KIND", "STATE", "COUNT", "HEARD", "WHY"] in rows
        assert ["events", "unreadable", "?", "?", "forbidden"] in rows


async def test_one_that_is_not_heard_says_why_and_knows_nothing(agent, desk):
    why = "connection refused 10.1.0.1:6443"
    desk.fleet_members = [replace(member("south", ClusterState.UNKNOWN), why=why)]
    told = await ask(agent, "clusters", "south")
    assert told.startswith(f"south is unknown: {why}\nheard      never\n")
    assert "holds      ? pods, ? nodes" in told


async def test_a_cluster_is_asked_now_whether_it_answers(agent, desk):
    assert (await ask(agent, "clusters", "probe", "east")).startswith("east answers, after 0.")
    desk.silent = {"east"}
    silent = await run("clusters", "probe", "east", "--url", agent)
    assert (silent.exit_code, silent.stdout) == (1, "east does not answer: connection refused 10.1.0.1:6443\n")
    told = await run("clusters", "probe", "east", "--json", "--url", agent)
    assert (told.exit_code, json.loads(told.stdout)["answered"]) == (1, False)


async def test_a_cluster_that_is_not_there_is_said_so(agent):
    missing = await run("clusters", "atlantis", "--url", agent)
    assert (missing.exit_code, "There is no cluster named 'atlantis'" in missing.stderr) == (1, True)
