"""The bundled stories play as they promise, and a story with mistakes says where."""

from datetime import timedelta
from pathlib import Path

import anyio
import pytest

from kronveil.lab import (
    UNSCALED_S,
    Finding,
    Mark,
    StoryError,
    VirtualClock,
    list_stories,
    load_story,
    open_lab,
    score,
)
from kronveil.lab.every_move import MOVES
from kronveil.lab.kinds import DEPLOYMENT, EVENT, NODE, POD
from kronveil.lab.objects import condition
from kronveil.lab.story import parse_story
from tests.lab.living import state_of

pytestmark = pytest.mark.anyio


def symptoms(lab):
    """What is wrong now, as (cluster, kind)."""
    found = set()
    for name, cluster in lab.clusters.items():
        for record in cluster.world.list(POD):
            state = state_of(record.obj)
            if state in ("ErrImagePull", "ImagePullBackOff"):
                found.add((name, "pod.image_pull_failed"))
            statuses = record.obj["status"].get("containerStatuses", [])
            ends = [end for item in statuses for end in (item["state"], item["lastState"]) if "terminated" in end]
            if any(end["terminated"]["reason"] == "OOMKilled" for end in ends):
                found.add((name, "pod.oom_killed"))
        for record in cluster.world.list(NODE):
            if condition(record.obj, "Ready")["status"] != "True":
                found.add((name, "node.not_ready"))
    return found


def all_ready(lab):
    """Whether every pod of every cluster is."""
    pods = [record.obj for cluster in lab.clusters.values() for record in cluster.world.list(POD)]
    return all(condition(pod, "Ready")["status"] == "True" for pod in pods)


async def play(name, seconds):
    """When each symptom was first seen, and what is wrong at the end."""
    first: dict = {}
    async with open_lab(load_story(name), clock=VirtualClock()) as lab:
        for second in range(seconds):
            await lab.advance(1)
            for symptom in symptoms(lab):
                first.setdefault(symptom, second + 1)
        assert not lab.skipped
        return first, symptoms(lab), lab


@pytest.mark.parametrize("name", ["bad-image", "out-of-memory", "node-lost", "healthy"])
async def test_a_story_shows_what_it_expects_in_time_nothing_else_and_recovers(name):
    story = load_story(name)
    first, left, lab = await play(name, int(story.duration_s))
    assert set(first) == {(item.cluster, item.kind) for item in story.expected}
    for item in story.expected:
        assert first[item.cluster, item.kind] <= item.within_s
    assert not left
    assert lab.finished.is_set()


@pytest.mark.parametrize("story", [each for each in list_stories() if not each.repeats], ids=lambda story: story.name)
async def test_a_story_makes_all_its_moves_and_leaves_everything_well(story):
    async with open_lab(story, clock=VirtualClock()) as lab:
        for _ in range(int(story.duration_s)):
            await lab.advance(1)
        assert lab.skipped == []
        assert not symptoms(lab)
        for cluster in lab.clusters.values():
            for record in cluster.world.list(POD):
                assert record.obj["status"]["phase"] in ("Running", "Succeeded"), record.key
                assert condition(record.obj, "Ready")["status"] == "True", record.key


async def test_the_demo_breaks_within_a_minute_recovers_and_begins_again():
    async with open_lab(load_story("demo"), clock=VirtualClock()) as lab:
        for cluster in lab.clusters.values():
            assert 20 <= len(cluster.world.list(POD)) <= 40
        for _ in range(2):
            await lab.advance(40)
            assert {("us-east-prod", "pod.image_pull_failed"), ("eu-west-prod", "pod.image_pull_failed")} <= symptoms(
                lab
            )
            await lab.advance(80)
            assert symptoms(lab) == {("ap-south-prod", "pod.oom_killed")}, "recommendations is too hungry"
            assert not all_ready(lab)
            await lab.advance(80)
            assert symptoms(lab) == {("ap-south-prod", "pod.oom_killed")}
            await lab.advance(100)
            assert not symptoms(lab)
            assert all_ready(lab)
        assert not lab.finished.is_set()
        assert not lab.skipped


async def test_the_healthy_story_emits_no_warning():
    async with open_lab(load_story("healthy"), clock=VirtualClock()) as lab:
        await lab.advance(180)
        events = [record.obj for cluster in lab.clusters.values() for record in cluster.world.list(EVENT)]
        assert len(events) > 50
        assert {event["type"] for event in events} == {"Normal"}


async def test_a_story_runs_by_itself_on_the_wall_clock_and_faster_when_asked():
    async with open_lab(load_story("bad-image"), speed=400) as lab:
        with anyio.fail_after(60):
            await lab.finished.wait()
        assert not symptoms(lab)
        for cluster in lab.clusters.values():
            newest = max(record.obj["metadata"]["creationTimestamp"] for record in cluster.world.list(POD))
            assert newest <= (lab.started_at + timedelta(seconds=20)).strftime("%Y-%m-%dT%H:%M:%SZ")


async def test_a_move_whose_object_was_removed_is_skipped_and_told():
    async with open_lab(load_story("bad-image"), clock=VirtualClock()) as lab:
        cluster = lab.clusters["us-east-prod"]
        cluster.world.remove(DEPLOYMENT, ("payments", "checkout-api"))
        await lab.advance(30)
        assert lab.skipped == ["us-east-prod at 15s: deployments payments/checkout-api not found"]


def test_every_bundled_story_has_a_title_and_a_description():
    stories = list_stories()
    assert {"bad-image", "demo", "healthy", "node-lost", "out-of-memory", "relist-storm"} <= {s.name for s in stories}
    assert all(story.title and story.description for story in stories)


WRONG = """\
title: Wrong
description: x
duratoin: 20s
world:
  clusters:
    - {name: a, region: r, nodes: many, apps: [{namespace: n, name: x, image: "i:1", memory: lots}]}
timeline:
  - {at: soon, clusters: [a], do: scale, app: n/x, replicas: 3}
  - {at: 1s, clusters: [a], do: explode}
  - {at: 1s, clusters: [a], do: scale, app: n/x}
"""


def test_a_wrong_story_tells_every_problem_with_its_place():
    with pytest.raises(StoryError) as caught:
        parse_story(Path("wrong.yaml"), WRONG)
    assert str(caught.value).splitlines() == [
        "wrong.yaml:3:1 duratoin: no such key. Did you mean duration?",
        "wrong.yaml:6:28 nodes: 'many' is not a whole number",
        'wrong.yaml:8:6 at: "soon" is not a duration. Write 15s, 2m or 1m30s.',
        f"wrong.yaml:9:29 do: there is no move 'explode'. There are: {', '.join(MOVES)}.",
        "wrong.yaml:10:5 replicas is missing here",
    ]


NAMES = """\
title: Names
description: x
world:
  clusters:
    - {name: a, region: r, apps: [{namespace: n, name: x, image: "i:1", memory: lots}]}
timeline:
  - {at: 1s, clusters: [b], do: stop_node, node: 1}
  - {at: 1s, clusters: [a], do: restart, app: n/y}
expect:
  - {kind: node.not_ready, cluster: c, owner: x, within: 10s}
"""


def test_names_that_stand_for_nothing_are_problems():
    with pytest.raises(StoryError) as caught:
        parse_story(Path("names.yaml"), NAMES)
    lines = str(caught.value).splitlines()
    assert [line.split(" ", 1)[1] for line in lines] == [
        'world: "lots" is not a quantity. Write 250m, 2, 512Mi or 4Gi.',
        'there is no cluster "b". There are: a.',
        "app: there is no n/y in a",
        'there is no cluster "c". There are: a.',
    ]
    assert [line.split(":")[1] for line in lines[1:]] == ["7", "8", "10"]


def test_broken_yaml_and_unknown_stories_are_told():
    with pytest.raises(StoryError, match=r"broken\.yaml:2:1 expected"):
        parse_story(Path("broken.yaml"), "title: [\n")
    with pytest.raises(StoryError, match="There are: bad-image, bad-image-everywhere, config-missing"):
        load_story("nothing")


def test_the_scorecard_marks_found_late_missed_and_false():
    story = load_story("bad-image")
    good, late = (
        Finding(item.kind, item.cluster, item.owner, opened_after_s=at, resolved_after_s=100)
        for item, at in zip(story.expected, (20, 31), strict=True)
    )
    assert [row.mark for row in score(story, [good, late]).rows] == [Mark.FOUND, Mark.LATE]
    assert not score(story, [good]).is_clean
    false = Finding("node.not_ready", "ap-south-prod", "n", 5)
    assert [row.mark for row in score(story, [good, good, false]).rows] == [
        Mark.FOUND,
        Mark.MISSED,
        Mark.FALSE,
        Mark.FALSE,
    ]
    unhealed = Finding(good.kind, good.cluster, good.owner, 20)
    assert score(story, [unhealed]).rows[0].mark is Mark.NOT_RECOVERED
    assert score(load_story("healthy"), []).is_clean


def test_a_story_played_fast_is_allowed_the_seconds_that_do_not_shrink_with_it():
    story = load_story("bad-image")
    item = story.expected[0]
    assert item.within_s == 30
    at = (
        Finding(item.kind, item.cluster, item.owner, opened_after_s=opened, resolved_after_s=opened)
        for opened in (30 / 10 + UNSCALED_S * 0.9 - 0.1, 30 / 10 + UNSCALED_S * 0.9 + 0.1)
    )
    assert [score(story, [each], speed=10).rows[0].mark for each in at] == [Mark.FOUND, Mark.LATE]
