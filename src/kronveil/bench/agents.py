"""A running agent in this process, wired as app.py wires it, on clusters without a network."""

import gc
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta

import anyio

from kronveil.agent.agent import Agent, Brain
from kronveil.agent.live import Live
from kronveil.agent.roster import ClusterPlan
from kronveil.api.encode import encode_item
from kronveil.app import calm_the_collector
from kronveil.bench.cluster import Cluster
from kronveil.bench.record import Counts
from kronveil.logic import fleet
from kronveil.logic.lifecycle import Refusal
from kronveil.logic.liveness import Liveness
from kronveil.logic.suppression import preview
from kronveil.logic.triage import Rules, Triage
from kronveil.sdk.storage import Restored, Store

SETTLED_WITHIN_S = 120


def now_utc() -> datetime:
    """The clock of an agent that lives as fast as we do."""
    return datetime.now(UTC)


@asynccontextmanager
async def agent_on(
    clusters: Sequence[Cluster],
    store: Store,
    clock: Callable[[], datetime] = now_utc,
    restored: Restored | None = None,
) -> AsyncGenerator[Agent]:
    """The agent, when it knows all that its clusters hold; with ``restored``, what its store held, too."""
    known = restored or Restored((), {}, {})
    silence = timedelta(days=100_000)  # what is measured may be quiet, and the clock may be a fast one
    agent = Agent(
        clusters=[
            ClusterPlan(each.name, None, silence, 2 * silence, each.open, silent_after=silence) for each in clusters
        ],
        brain=Brain(Triage(Rules(), known.incidents), Refusal, Liveness(), fleet.total, preview),
        restored=known,
        store=store,
        live=Live("bench", encode_item),
        clock=clock,
    )
    async with agent.running():
        await settled(agent, sum(each.items for each in clusters))
        yield agent


@contextmanager
def frozen() -> Generator[None]:
    """The collector of cyclic garbage is set as app.py sets it once the agent has started."""
    before = gc.get_threshold()
    calm_the_collector()
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


async def settled(agent: Agent, received: int) -> None:
    """Wait until the agent has received that many frames and list items and is done with all of them."""
    with anyio.fail_after(SETTLED_WITHIN_S):
        while (books := agent.books()).received < received or books.in_flight:  # noqa: ASYNC110 - no event says so
            await anyio.sleep(0.01)


def balance(agents: Iterable[Agent], expected: int) -> Counts:
    """Their books, against what was sent."""
    books = [agent.books() for agent in agents]
    received = sum(one.received for one in books)
    return Counts(
        taken=received,
        stored=sum(one.delivered for one in books),
        deduplicated=sum(one.merged for one in books),
        rejected=sum(sum(one.dropped.values()) for one in books),
        lost=max(0, expected - received),
        duplicated=max(0, received - expected),
    )
