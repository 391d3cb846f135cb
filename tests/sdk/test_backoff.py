"""How long to wait before the next try: longer each time, never less than was asked for, and never all at once."""

import pytest

from kronveil.sdk.backoff import Backoff


def test_each_wait_is_within_its_step_and_the_steps_double_up_to_the_longest() -> None:
    backoff = Backoff(1.0, 30.0)
    for step in (1, 2, 4, 8, 16, 30, 30):
        assert step / 2 <= backoff.next_s() <= step
    backoff.reset()
    assert backoff.next_s() <= 1


@pytest.mark.parametrize("asked_s", [5.0, 60.0])
def test_who_is_told_when_to_come_again_comes_later_and_not_with_all_the_others(asked_s: float) -> None:
    waits = {Backoff().next_s(asked_s) for _ in range(20)}
    assert all(asked_s < wait <= 1.25 * asked_s for wait in waits)
    assert len(waits) > 1
