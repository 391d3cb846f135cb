"""Silences from a terminal: tried, added, listed, ended."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.api.plain_desk import NOON, PlainDesk, incident, silence
from tests.cli.asking import ask, run

pytestmark = pytest.mark.anyio


class DeskOfNow(PlainDesk):
    """Its clock is the one on the wall, as that of the person who types."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture
def desk():
    plain = DeskOfNow()
    plain.known = {"inc-1": incident(1), "inc-2": incident(2, cluster="west")}
    soon = plain.now() + timedelta(minutes=90, seconds=30)
    plain.hushes = {"quiet": silence(starts_at=plain.now() - timedelta(hours=1), ends_at=soon)}
    return plain


async def test_silences_are_listed_with_what_they_match_and_how_long_they_last(agent, desk):
    desk.hushes["later"] = silence(
        id="later",
        starts_at=desk.now() + timedelta(minutes=5, seconds=30),
        ends_at=desk.now() + timedelta(hours=1),
        namespace="test-*",
        kind="pod.oom_killed",
        is_maintenance=True,
        cluster="",
    )
    for words in (["silences"], ["silences", "list"]):
        lines = (await ask(agent, *words)).splitlines()
        assert lines[0].split() == ["ID", "STATE", "TIME", "WHAT", "BY", "WHY"]
        assert " ".join(lines[1].split()) == "quiet active 1 h 30 min left cluster east ada node pool upgrade"
        assert "in 5 min" in lines[2]
        assert "namespace test-*, kind pod.oom_killed (maintenance)" in lines[2]


async def test_one_that_has_ended_is_listed_on_demand(agent, desk):
    desk.hushes = {"over": silence(starts_at=NOON - timedelta(days=400), ends_at=NOON - timedelta(days=399))}
    assert await ask(agent, "silences") == "Nothing is silenced.\n"
    assert "over since" in await ask(agent, "silences", "--ended")
    assert "over since" in await ask(agent, "silences", "list", "--ended")
    desk.hushes = {}
    assert await ask(agent, "silences", "--ended") == "Nothing was silenced.\n"


async def test_a_preview_shows_what_would_be_silenced_and_changes_nothing(agent, desk):
    told = await ask(agent, "silences", "preview", "--cluster", "west")
    assert "inc-2" in told
    assert "inc-1" not in told
    assert told.splitlines()[-1] == "It would silence 1 incident as of now."
    assert set(desk.hushes) == {"quiet"}


async def test_a_silence_is_added_for_a_while_and_says_what_it_silences_and_how_to_end_it(agent, desk):
    lines = (
        await ask(agent, "silences", "add", "--cluster", "west", "--for", "2h", "--reason", "upgrade", "--maintenance")
    ).splitlines()
    (made,) = [each for each in desk.hushes.values() if each.id != "quiet"]
    assert (made.cluster, made.namespace, made.reason, made.is_maintenance) == ("west", "", "upgrade", True)
    assert timedelta(hours=1, minutes=59) < made.ends_at - desk.now() <= timedelta(hours=2)
    assert lines[0].startswith(f"{made.id} is active until ")
    assert lines[1] == "It silences 1 incident now."
    assert lines[2] == f"End it: kronveil silences end {made.id}"


async def test_a_silence_may_begin_later_and_lasts_from_then(agent, desk):
    words = ("--owner", "payments*", "--starts", "2030-01-01T02:00:00Z", "--for", "90m", "--reason", "upgrade")
    assert "is pending until 2030-01-01T03:30:00.000Z" in await ask(agent, "silences", "add", *words)
    again = ("--kind", "pod.oom_killed", "--starts", "30m", "--until", "2030-01-01T00:00:00Z", "--reason", "load test")
    made = json.loads(await ask(agent, "silences", "add", *again, "--json"))
    assert (made["state"], made["ends_at"], made["kind"]) == ("pending", "2030-01-01T00:00:00.000Z", "pod.oom_killed")


async def test_silences_are_ended(agent, desk):
    desk.hushes["other"] = silence(id="other", ends_at=desk.now() + timedelta(hours=1))
    assert await ask(agent, "silences", "end", "quiet", "other") == "quiet has ended.\nother has ended.\n"
    again = await run("silences", "end", "quiet", "--url", agent)
    assert (again.exit_code, "There is no silence 'quiet'" in again.stderr) == (1, True)


async def test_an_ended_silence_is_there_for_programs(agent):
    told = json.loads(await ask(agent, "silences", "end", "quiet", "--json"))
    assert [(each["id"], each["state"]) for each in told["items"]] == [("quiet", "ended")]


@pytest.mark.parametrize(
    "words",
    [
        ["add", "--cluster", "west", "--for", "2h"],
        ["add", "--cluster", "west", "--for", "2h", "--reason", " "],
        ["add", "--for", "2h", "--reason", "x"],
        ["add", "--cluster", "*", "--for", "2h", "--reason", "x"],
        ["add", "--cluster", "west", "--reason", "x"],
        ["add", "--cluster", "west", "--for", "2h", "--until", "2030-01-01T00:00:00Z", "--reason", "x"],
        ["add", "--cluster", "west", "--for", "soon", "--reason", "x"],
        ["add", "--cluster", "west", "--for", "999999999d", "--reason", "x"],
        ["add", "--cluster", "west", "--until", "tomorrow", "--reason", "x"],
        ["add", "--cluster", "west", "--until", "2020-01-01T00:00:00Z", "--reason", "x"],
        ["add", "--cluster", "west", "--starts", "noon", "--for", "2h", "--reason", "x"],
        ["preview"],
        ["end"],
        ["list", "quiet"],
        ["ad", "--cluster", "west"],
    ],
)
async def test_a_silence_that_is_not_said_well_ends_with_2_and_words(agent, desk, words):
    result = await run("silences", *words, "--url", agent)
    assert result.exit_code == 2, result.output
    assert len(result.stderr) > 10
    assert "Traceback" not in result.output
    assert set(desk.hushes) == {"quiet"}
