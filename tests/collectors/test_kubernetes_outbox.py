"""What is handed to the agent with a batch: all that was seen, and now and then what the source stands like."""

import anyio
import pytest

from kronveil.collectors.kubernetes.outbox import BATCH_BEAT_S, STANDING_BEAT_S, STANDING_GAP_S, Outbox
from kronveil.model.fleet import Standing
from kronveil.sdk.contracts import Batch
from tests.virtual_time import VIRTUAL_TIME


@pytest.fixture
def anyio_backend() -> object:
    return VIRTUAL_TIME


async def handed_over(outbox: Outbox, frames: int, *, awaited: int = -1) -> list[Batch]:
    """What the agent is given while a frame comes each beat."""
    given: list[Batch] = []

    async def emit(batch: Batch) -> None:
        given.append(batch)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(outbox.deliver, emit)
        for number in range(frames):
            outbox.standing_changed()
            outbox.unchanged()
            if number == awaited:
                outbox.tell_standing()
            await anyio.sleep(BATCH_BEAT_S * 1.01)
        await anyio.sleep(2 * STANDING_BEAT_S)
        tasks.cancel_scope.cancel()
    return given


@pytest.mark.anyio
async def test_a_steady_trickle_is_handed_over_whole_with_a_standing_now_and_then() -> None:
    given = await handed_over(Outbox(Standing), 40)
    told = [batch for batch in given if batch.standing is not None]
    assert sum(batch.unchanged for batch in given) == 40
    assert given[0].standing is not None
    assert given[-1].standing is not None
    assert 2 <= len(told) <= 40 * BATCH_BEAT_S / STANDING_GAP_S + 3


@pytest.mark.anyio
async def test_what_a_person_waits_for_comes_with_the_next_batch() -> None:
    for awaited in (1, 2, 3):
        given = await handed_over(Outbox(Standing), 5, awaited=awaited)
        assert given[awaited].standing is not None
