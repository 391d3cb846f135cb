"""What a reader has is not sent again; what has changed since is not acted upon; pages join though things change."""

from dataclasses import replace
from datetime import timedelta

import pytest

from kronveil.agent.desk import Setting
from kronveil.model.incident import IncidentStatus
from kronveil.sdk.storage import Writes
from kronveil.stores.sqlite import open_sqlite
from tests.api.conforming import check_problem
from tests.api.conftest import client_of
from tests.api.plain_desk import NOON, PlainDesk, change, event, incident, member

pytestmark = pytest.mark.anyio

INCIDENT = "/api/v1/incidents/inc-1"


@pytest.mark.parametrize("path", [INCIDENT, "/api/v1/clusters", "/api/v1/clusters/east", "/api/v1/config"])
async def test_what_a_reader_has_already_is_not_sent_again(client, path):
    first = await client.get(path)
    tag = first.headers["etag"]
    assert tag.startswith('W/"')
    second = await client.get(path, headers={"If-None-Match": f'W/"other", {tag}'})
    assert (second.status_code, second.content, second.headers["etag"]) == (304, b"", tag)
    assert (await client.get(path, headers={"If-None-Match": 'W/"other"'})).json() == first.json()


async def test_a_tag_ends_with_what_it_stands_for(client, desk):
    tags = {path: (await client.get(path)).headers["etag"] for path in (INCIDENT, "/api/v1/clusters", "/api/v1/config")}
    desk.known["inc-1"] = incident(1, version=2)
    desk.fleet_members = [member("east", why="forbidden")]
    desk.settings = [Setting("agent.log_level", "info", "info", "default")]
    for path, tag in tags.items():
        assert (await client.get(path, headers={"If-None-Match": tag})).status_code == 200, path


async def test_growing_older_is_no_change_of_a_cluster(client, desk):
    tag = (await client.get("/api/v1/clusters")).headers["etag"]
    desk.fleet_members = [replace(each, as_of=each.as_of + timedelta(seconds=5)) for each in desk.fleet_members]
    assert (await client.get("/api/v1/clusters", headers={"If-None-Match": tag})).status_code == 304


@pytest.mark.parametrize("verb", [("acknowledge", {}), ("resolve", {"reason": "done"})])
async def test_an_act_on_a_version_that_is_gone_changes_nothing(client, desk, verb):
    tag = (await client.get(INCIDENT)).headers["etag"]
    desk.known["inc-1"] = incident(1, version=2)
    act = f"{INCIDENT}/{verb[0]}"
    problem = check_problem(await client.post(act, json=verb[1], headers={"If-Match": tag}), 412)
    assert "version 2" in problem["detail"]
    assert desk.acts == []
    tag = (await client.get(INCIDENT)).headers["etag"]
    assert (await client.post(act, json=verb[1], headers={"If-Match": tag})).status_code == 200


@pytest.mark.parametrize("given", ["*", '"1"', 'W/"1-abc"', '"7", "1"'])
async def test_a_version_may_be_named_in_several_ways(client, given):
    assert (await client.post(f"{INCIDENT}/acknowledge", headers={"If-Match": given})).status_code == 200


class StoredDesk(PlainDesk):
    """A plain desk over the real store, whose cursors are the ones that are promised."""

    def __init__(self, store) -> None:
        super().__init__()
        self.events = store.events
        self.incidents = store.incidents
        self.changes = store.changes


@pytest.fixture
async def stored(tmp_path):
    async with open_sqlite(tmp_path) as store, client_of(StoredDesk(store)) as client:
        yield store, client


async def walk(client, path, between):
    """Every id of a list, three a page, with something happening between the pages."""
    seen, cursor = [], None
    while True:
        params = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page = (await client.get(path, params=params)).json()
        seen += [each["id"] for each in page["items"]]
        await between(len(seen))
        cursor = page["next_cursor"]
        if cursor is None:
            return seen


async def test_pages_of_events_join_though_events_arrive(stored):
    store, client = stored
    await store.save(Writes(events=[event(number) for number in range(10)]))

    async def arrive(count):
        await store.save(Writes(events=[event(100 + count)]))

    assert await walk(client, "/api/v1/events", arrive) == [f"ev-{number:05d}" for number in reversed(range(10))]


async def test_pages_of_changes_join_though_changes_arrive(stored):
    store, client = stored
    await store.save(Writes(changes=[change(number) for number in range(10)]))

    async def arrive(count):
        await store.save(Writes(changes=[change(100 + count)]))

    assert await walk(client, "/api/v1/changes", arrive) == [f"chg-{number}" for number in reversed(range(10))]


async def test_pages_of_incidents_join_though_they_open_and_change(stored):
    store, client = stored
    await store.save(Writes(incidents=[incident(number) for number in range(10)]))

    async def arrive(count):
        changed = incident(2, version=1 + count, status=IncidentStatus.RESOLVED, updated_at=NOON + timedelta(hours=1))
        await store.save(Writes(incidents=[incident(100 + count), changed]))

    assert await walk(client, "/api/v1/incidents", arrive) == [f"inc-{number}" for number in reversed(range(10))]


async def test_a_cursor_of_one_list_is_none_of_another(stored):
    store, client = stored
    await store.save(Writes(events=[event(number) for number in range(4)]))
    cursor = (await client.get("/api/v1/events?limit=2")).json()["next_cursor"]
    check_problem(await client.get("/api/v1/incidents", params={"cursor": cursor}), 422)


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
async def test_a_time_at_the_end_of_time_is_a_time_like_any_other(stored, at):
    store, client = stored
    await store.save(Writes(events=[event(1)], changes=[change(1)]))
    for path, name in (("/api/v1/events", "since"), ("/api/v1/changes", "around")):
        assert (await client.get(path, params={name: at})).status_code == 200
