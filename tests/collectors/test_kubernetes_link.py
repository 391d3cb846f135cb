"""How often a cluster that does not answer is asked again."""

from datetime import timedelta
from typing import cast

import anyio
import pytest

from kronveil.collectors.kubernetes.config import ClusterConfig
from kronveil.collectors.kubernetes.connect import Connection
from kronveil.collectors.kubernetes.link import Link
from kronveil.collectors.kubernetes.trouble import UnreachableError
from tests.virtual_time import VIRTUAL_TIME


@pytest.fixture
def anyio_backend() -> object:
    return VIRTUAL_TIME


class Silent:
    """An API server that refuses each connection at once; when it was asked."""

    address = "127.0.0.1:1"

    def __init__(self) -> None:
        self.asked_at: list[float] = []

    async def refresh(self) -> bool:
        return False

    async def get(self, *_: object, **__: object) -> bytes:
        self.asked_at.append(anyio.current_time())
        raise UnreachableError("connection refused")


async def waits_of(poll_interval: timedelta) -> list[float]:
    """The waits between the tries of ten minutes, in seconds."""
    silent = Silent()
    config = ClusterConfig(name="alpha", poll_interval=poll_interval)
    heard: list[object] = []
    link = Link(
        cast("Connection", silent),
        config,
        on_change=lambda: heard.append("change"),
        on_news=lambda: heard.append("news"),
        on_version=heard.append,
        on_down=lambda: heard.append("down"),
    )
    with anyio.move_on_after(600):
        await link.run()
    assert not link.is_up
    return [later - earlier for earlier, later in zip(silent.asked_at, silent.asked_at[1:], strict=False)]


@pytest.mark.anyio
@pytest.mark.parametrize(("poll_s", "longest_s"), [(0.5, 1.0), (5.0, 10.0), (15.0, 30.0), (300.0, 30.0)])
async def test_a_lost_cluster_is_asked_again_after_at_most_two_polls_and_never_more_than_half_a_minute(
    poll_s: float, longest_s: float
) -> None:
    waits = await waits_of(timedelta(seconds=poll_s))
    # Jitter takes up to half of a wait away.
    assert longest_s / 2 <= max(waits) <= longest_s + 0.01
    assert 0.5 <= waits[0] <= 1.0
