"""A list that is made again: what is kept at the version it lists costs a glance, and nothing else is passed over."""

import json
from datetime import UTC, datetime
from typing import Any

import anyio
import pytest

from kronveil.collectors.kubernetes.keeping import Keeping
from kronveil.collectors.kubernetes.kinds import KINDS, Kind
from kronveil.collectors.kubernetes.outbox import Outbox
from kronveil.collectors.kubernetes.reading import read_page
from kronveil.collectors.kubernetes.translate.kept import Moment, Shelves
from kronveil.model.fleet import Standing
from kronveil.sdk.contracts import Batch
from tests.collectors.sampled import sample

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
BY_NAME: dict[str, Kind] = {kind.name: kind for kind in KINDS}
OWNER = {"kind": "StatefulSet", "name": "db", "uid": "s-1", "controller": True}


class Shelf:
    """The pods of a cluster, listed as often as asked."""

    def __init__(self) -> None:
        self.outbox = Outbox(Standing)
        self.shelves = Shelves()
        self.seen: set[str] = set()
        self._keeping = Keeping(BY_NAME["pods"], None, self.shelves, self.outbox)
        self._lists = 0

    def lists(self, *pods: dict[str, Any]) -> tuple[int, int]:
        """How many of them were news, and how many could not be read."""
        self._lists += 1
        body = json.dumps({"metadata": {"resourceVersion": "9"}, "items": pods}).encode()
        page, unread = read_page(BY_NAME["pods"], body, is_again=self._lists > 1)
        moment = Moment(NOW, NOW, is_first_list=self._lists == 1)
        self.seen = set()
        news, odd = self._keeping.take_listed(page.items or (), self.seen, moment)
        return news, unread + odd

    async def handed_over(self) -> Batch:
        """The batch that all of it makes."""
        batches: list[Batch] = []
        async with anyio.create_task_group() as tasks:

            async def emit(batch: Batch, /) -> None:
                batches.append(batch)
                tasks.cancel_scope.cancel()

            tasks.start_soon(self.outbox.deliver, emit)
        return batches[0]


def pod(name: str, version: int, *, owner: dict[str, Any] | None = OWNER, status: Any = None) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop", "uid": f"u-{name}", "resourceVersion": str(version)}
    return {
        "metadata": metadata | ({"ownerReferences": [owner]} if owner else {}),
        "status": sample("pods", "healthy")["status"] if status is None else status,
    }


async def test_a_pod_at_the_version_that_is_kept_is_not_read_again() -> None:
    shelf = Shelf()
    assert shelf.lists(pod("a", 1), pod("b", 2)) == (0, 0)
    # What cannot even be read proves that nobody tried.
    assert shelf.lists(pod("a", 1, status={"phase": 7}), pod("b", 2)) == (0, 0)
    assert shelf.seen == {"u-a", "u-b"}
    batch = await shelf.handed_over()
    assert (batch.unchanged, batch.dropped) == (4, {})


async def test_a_pod_at_another_version_is_read_whole_and_told_when_it_changed() -> None:
    shelf = Shelf()
    shelf.lists(pod("a", 1), pod("b", 2))
    failed = sample("pods", "image_pull_failed")["status"]
    assert shelf.lists(pod("a", 3), pod("b", 4, status=failed)) == (1, 0)
    (told,) = (await shelf.handed_over()).observations
    assert (told.resource.name, told.key) == ("b", "u-b@4")
    # A restored store turns versions back: an older one is another one, too.
    assert shelf.lists(pod("b", 1)) == (1, 0)


async def test_one_that_cannot_be_read_is_counted_and_still_seen() -> None:
    shelf = Shelf()
    shelf.lists(pod("a", 1), pod("b", 2))
    assert shelf.lists(pod("a", 5, status={"phase": 7}), pod("b", 2)) == (0, 1)
    assert shelf.seen == {"u-a", "u-b"}
    assert (await shelf.handed_over()).dropped == {"undecodable": 1}


async def test_a_pod_whose_owner_is_not_known_yet_is_looked_at_again() -> None:
    shelf = Shelf()
    shelf.lists(pod("a", 1, owner=None))
    assert shelf.shelves.of("pods")["u-a"].owner is None
    shelf.lists(pod("a", 1))
    owner = shelf.shelves.of("pods")["u-a"].owner
    assert owner is not None
    assert owner.name == "db"
