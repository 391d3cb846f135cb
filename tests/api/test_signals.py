"""Measured values over REST: what is asked reaches the desk as asked, lines are drawn, cursors hold."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from kronveil.model.signal import SIGNALS, SignalStanding, SourceState, SubjectKind
from kronveil.sdk.signals import SeriesKey
from tests.api.conforming import check_answer
from tests.api.plain_desk import NOON, measured_series, member

pytestmark = pytest.mark.anyio
SERIES = "/api/v1/series"


async def test_one_query_gives_a_containers_memory_of_the_last_hour_with_its_limit(client, desk):
    response = await client.get(
        SERIES,
        params={
            "signal": "container.memory.working_set",
            "cluster": "east",
            "namespace": "shop",
            "owner": "payments",
            "owner_kind": "Deployment",
            "until": "2026-11-25T12:00:00.123456Z",
            "limit": 1,
        },
    )
    check_answer(response, "GET", SERIES)
    body = response.json()
    (series,) = body["items"]
    assert (series["signal"], series["unit"]) == ("container.memory.working_set", "bytes")
    assert series["resource"] == {"kind": "Pod", "namespace": "shop", "name": "payments-0", "uid": None}
    assert series["labels"] == {
        "cluster": "east",
        "namespace": "shop",
        "pod": "payments-0",
        "container": "app",
        "node": "node-1",
        "owner_kind": "Deployment",
        "owner": "payments",
    }
    assert (series["request"], series["limit"]) == (2**28, 2**29)
    # Twenty values are needed before any is judged; the plain desk has none before the range.
    assert [each["at"] for each in series["expected"]] == [each["at"] for each in series["points"][20:]]
    assert series["anomalies"] == []
    assert len(series["points"]) == 50
    mib = 2**20
    first = {"value": 3600 * mib, "min": 3600 * mib, "max": 3600 * mib}
    assert series["points"][0] == {"at": "2026-11-25T11:00:00.000Z", **first}
    assert series["gaps"] == [{"since": "2026-11-25T11:29:00.000Z", "until": "2026-11-25T11:40:00.000Z"}]
    assert series["last"] == {"at": "2026-11-25T11:59:00.000Z", "value": 7140 * 2**20}
    assert series["age_s"] == pytest.approx((desk.now() - NOON).total_seconds() + 60, abs=1)
    assert body["truncated"] is False
    (asked,) = desk.series_asked
    assert (asked.since, asked.until) == (NOON - timedelta(hours=2), NOON), "the hour before tells what is usual"
    assert (asked.cluster, asked.namespace, asked.owner, asked.owner_kind) == ("east", "shop", "payments", "Deployment")
    assert (asked.signals, asked.limit, asked.with_points) == (("container.memory.working_set",), 1, True)


async def test_more_points_than_asked_for_come_in_buckets(client):
    response = await client.get(SERIES, params={"max_points": 10})
    check_answer(response, "GET", SERIES)
    series = response.json()["items"][0]
    assert series["resolution_s"] == 420
    assert len(series["points"]) <= 10
    assert all(point["min"] <= point["value"] <= point["max"] for point in series["points"])
    times = [datetime.fromisoformat(point["at"]) for point in series["points"]]
    assert all(later > earlier for earlier, later in pairwise(times))


async def test_what_left_the_usual_is_told_with_what_was_usual_then(client, desk):
    quiet = measured_series(0)
    begin = int((NOON - timedelta(hours=2)).timestamp())
    values = [(begin + 60 * n, 100.0 * 2**20 if n < 100 else 900.0 * 2**20) for n in range(110)]
    desk.measured = [replace(quiet, points=tuple(values))]
    response = await client.get(SERIES, params={"until": NOON.isoformat()})
    check_answer(response, "GET", SERIES)
    (series,) = response.json()["items"]
    assert len(series["points"]) == 50, "only those of the range that was asked for"
    assert len(series["expected"]) == 50, "the hour before was enough to know"
    assert all(each["low"] < 100 * 2**20 < each["high"] for each in series["expected"])
    (anomaly,) = series["anomalies"]
    assert (anomaly["since"], anomaly["until"]) == ("2026-11-25T11:40:00.000Z", None)
    assert anomaly["low"] < 100 * 2**20 < anomaly["high"] < anomaly["observed"] == 900 * 2**20
    assert 0.9 < anomaly["score"] < 1


async def test_a_series_that_ended_before_the_range_is_not_in_it(client, desk):
    begin = int((NOON - timedelta(hours=2)).timestamp())
    desk.measured = [replace(measured_series(0), points=((begin, 1.0),)), measured_series(1)]
    response = await client.get(SERIES, params={"until": NOON.isoformat()})
    assert [each["resource"]["name"] for each in response.json()["items"]] == ["payments-1"]


async def test_pages_go_on_without_a_gap_or_a_repeat(client, desk):
    desk.measured = [measured_series(number) for number in range(7)]
    names, cursor = [], None
    while True:
        response = await client.get(SERIES, params={"limit": 2, **({"cursor": cursor} if cursor else {})})
        check_answer(response, "GET", SERIES)
        names += [each["resource"]["name"] for each in response.json()["items"]]
        cursor = response.json()["next_cursor"]
        if cursor is None:
            break
    assert names == [f"payments-{number}" for number in range(7)]


@pytest.mark.parametrize("cursor", ["x", "eyJhIjoxfQ==", "W10=", "WyJhIiwiYiIsImMiLCJkIiwiZSIsImYiXQ==", "ä", "%00"])
async def test_what_is_no_cursor_is_told(client, cursor):
    response = await client.get(SERIES, params={"cursor": cursor})
    assert response.status_code == 422
    assert response.json()["errors"][0]["loc"] == ["query", "cursor"]


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        ({"signal": "pod.memory"}, "signal"),
        ({"signal": "pod.cpu.usage,nonsense"}, "signal"),
        ({"since": "2026-11-25T12:00:00Z", "until": "2026-11-25T11:00:00Z"}, "since"),
        ({"since": "2026-11-25T12:00:00"}, "since"),
        ({"kind": "Deployment"}, "kind"),
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"max_points": 2001}, "max_points"),
        ({"max_points": 0}, "max_points"),
        ({"name": ""}, "name"),
        ({"pod": "api"}, "pod"),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(client, asked, where):
    response = await client.get(SERIES, params=asked)
    assert response.status_code == 422
    assert response.json()["errors"][0]["loc"][:2] == ["query", where]


async def test_everything_that_narrows_reaches_the_desk(client, desk):
    since, until = "2026-11-24T12:00:00Z", "2026-11-24T13:00:00Z"
    asked = {
        "signal": ["pod.cpu.usage,node.cpu.usage", "pod.memory.working_set"],
        "cluster": "east",
        "namespace": "shop",
        "kind": "Pod",
        "name": "api-*",
        "container": "app",
        "owner": "api*",
        "node": "node-1",
        "points": "false",
        "since": since,
        "until": until,
    }
    assert (await client.get(SERIES, params=asked)).status_code == 200
    (query,) = desk.series_asked
    assert query.signals == ("pod.cpu.usage", "node.cpu.usage", "pod.memory.working_set")
    assert (query.kind, query.name, query.part, query.owner) == (SubjectKind.POD, "api-*", "app", "api*")
    assert (query.node, query.with_points) == ("node-1", False)
    assert (query.since, query.until) == (datetime.fromisoformat(since), datetime.fromisoformat(until))


async def test_the_signals_are_listed_with_where_they_come_from(client, desk):
    standing = SignalStanding(SourceState.FORBIDDEN, "metrics.k8s.io", "pods is forbidden", None, 60.0)
    north = member("north")
    desk.fleet_members = [member("east"), replace(north, standing=replace(north.standing, signals=standing))]
    response = await client.get("/api/v1/signals")
    check_answer(response, "GET", "/api/v1/signals")
    body = response.json()
    assert [each["name"] for each in body["items"]] == [each.name for each in SIGNALS]
    assert {each["name"]: each["series"] for each in body["items"]}["pod.memory.working_set"] == 3
    east = next(each for each in body["sources"] if each["cluster"] == "east")
    assert (east["state"], east["source"], east["interval_s"]) == ("served", "metrics.k8s.io", 60)
    assert east["books"]["received"] == 5
    north = next(each for each in body["sources"] if each["cluster"] == "north")
    assert (north["state"], north["reason"], north["age_s"]) == ("forbidden", "pods is forbidden", None)


async def test_an_empty_answer_says_why_there_is_nothing(client, desk):
    desk.measured = []
    response = await client.get(SERIES, params={"cluster": "east"})
    body = response.json()
    assert (body["items"], body["next_cursor"]) == ([], None)
    assert [each["cluster"] for each in body["sources"]] == ["east"]


@pytest.mark.parametrize("path", ["/api/v1/signals", SERIES])
async def test_values_that_cannot_be_read_now_are_a_503_that_says_so(client, desk, path):
    desk.store_is_down = True
    response = await client.get(path)
    assert response.status_code == 503
    assert response.headers["content-type"] == "application/problem+json"


async def test_a_series_keeps_its_id_over_pages_and_ranges(client, desk):
    ids = set()
    for asked in ({}, {"points": "false"}, {"max_points": 5, "limit": 1}):
        ids.add((await client.get(SERIES, params=asked)).json()["items"][0]["id"])
    assert len(ids) == 1
    other = SeriesKey("west", SubjectKind.CONTAINER, "shop", "payments-0", "app", "container.memory.working_set")
    desk.measured = [measured_series(0, key=other)]
    assert (await client.get(SERIES)).json()["items"][0]["id"] not in ids


async def test_a_cluster_under_two_names_has_its_values_under_either(client, desk):
    desk.fleet_members = [member("east"), member("east-again", same_as="east")]
    assert (await client.get(SERIES, params={"cluster": "east-again"})).status_code == 200
    assert [each.cluster for each in desk.series_asked] == ["east"]


@pytest.mark.parametrize("when", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
async def test_a_time_at_the_edge_of_the_calendar_breaks_nothing(client, when):
    for asked in ({"until": when}, {"since": when}, {"since": when, "until": when}):
        assert (await client.get(SERIES, params=asked)).status_code in (200, 422)
