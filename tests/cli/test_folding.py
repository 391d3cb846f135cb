"""Long stories are made short without losing a word of a person, and never shortened when the whole is asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kronveil.cli.folding import FIRST_LINES, LAST_LINES, story
from tests.api.plain_desk import incident
from tests.cli.asking import ask


def line(number, what="evidence", actor="kronveil"):
    return {"at": f"12:00:{number:02}", "what": what, "actor": actor, "message": f"pod-{number} again"}


def messages(timeline, *, is_whole=False):
    return [str(row[3]) for row in story(timeline, is_whole=is_whole)]


def test_lines_that_are_alike_become_one_between_the_first_and_the_last():
    timeline = [line(0, "opened"), *(line(number) for number in range(1, 15)), line(15, "resolved")]
    assert messages(timeline) == [
        "pod-0 again",
        "pod-1 again",
        "12 more like this: --all shows them",
        "pod-14 again",
        "pod-15 again",
    ]


def test_few_lines_and_the_whole_are_told_as_they_are():
    timeline = [line(number) for number in range(3)]
    assert messages(timeline) == [each["message"] for each in timeline]
    many = [line(number) for number in range(60)]
    assert messages(many, is_whole=True) == [each["message"] for each in many]


def test_what_people_said_is_not_folded():
    timeline = [line(number, "noted", "ada") for number in range(12)]
    assert messages(timeline) == [each["message"] for each in timeline]


def test_a_story_that_goes_to_and_fro_is_left_out_in_the_middle():
    timeline = [line(number, ("evidence", "recovered")[number % 2]) for number in range(99)]
    told = messages(timeline)
    assert len(told) == FIRST_LINES + 1 + LAST_LINES
    assert told[FIRST_LINES] == f"{99 - FIRST_LINES - LAST_LINES} more lines: --all shows them"
    assert (told[0], told[-1]) == ("pod-0 again", "pod-98 again")


@given(st.lists(st.sampled_from([("evidence", "kronveil"), ("recovered", "kronveil"), ("noted", "ada")]), max_size=34))
def test_every_line_is_shown_or_counted(kinds):
    timeline = [line(number, what, actor) for number, (what, actor) in enumerate(kinds)]
    told = messages(timeline)
    folded = [int(each.split()[0]) for each in told if "more like this" in each]
    assert len(told) - len(folded) + sum(folded) == len(timeline)
    assert {each["message"] for each in timeline if each["actor"] == "ada"} <= set(told)


@pytest.mark.anyio
async def test_a_page_is_folded_unless_all_of_it_is_asked_for(agent, desk):
    moments = [incident(1).timeline[0]] * 30
    desk.known["inc-1"] = incident(1, timeline=tuple(moments))
    short, whole = await ask(agent, "incidents", "inc-1"), await ask(agent, "incidents", "inc-1", "--all")
    assert "28 more like this: --all shows them" in short
    assert whole.count(" opened ") == 30
    assert "more like this" not in whole
