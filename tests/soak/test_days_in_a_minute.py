"""Memory on a fast clock: a minute in which the agent lives 16 hours, and pods come, fail, recover and go."""

import pytest

from kronveil.bench.stages import soak


@pytest.mark.anyio
@pytest.mark.timeout(300)
async def test_what_is_held_in_memory_stays_what_it_was_and_nothing_stays_open() -> None:
    (record,) = await soak.measured(soak.Plan(seconds=60, speed=1_000, pods=1_000))
    assert record.counts is not None
    assert record.counts.is_balanced
    assert record.more["incidents"] > 100
    assert record.more["open_at_the_end"] == 0
    assert record.misses("floor") is False, record.value
