"""Each promise of the action contract fails for an action that breaks it: the contract can tell."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from kronveil.model.execution import Target
from kronveil.sdk.actions import Step
from kronveil.sdk.testing import samples
from kronveil.sdk.testing.actions import ActionContract, ActionWorld, Case, promises
from tests.sdk import toy_action as toy

COUNTEREXAMPLES: dict[str, type[toy.SetsValue]] = {
    "test_rehearsing_writes_nothing": toy.WritesWhileRehearsing,
    "test_a_plan_that_is_made_again_of_the_same_state_is_the_same": toy.PlansAnew,
    "test_a_plan_says_what_it_does_and_no_more_than_its_action_may": toy.DoesMoreThanItMay,
    "test_the_plan_names_everything_that_performing_changes": toy.ChangesMoreThanItSays,
    "test_one_key_acts_once": toy.ActsAgain,
    "test_what_was_done_but_never_answered_is_not_done_again": toy.RepeatsWhatWasNotAnswered,
    "test_cancelled_midway_it_tells_the_truth_when_asked_again": toy.ForgetsWhatItWasCancelledIn,
    "test_what_is_out_of_bounds_is_refused": toy.KnowsNoBounds,
    "test_a_target_that_changed_since_the_plan_is_left_alone": toy.LooksNotAgain,
    "test_undoing_sets_back_once_what_can_be_set_back": toy.OnlySaysThatItUndoes,
    "test_a_planted_secret_shows_nowhere": toy.TellsTheSecret,
}


class ToyContract(ActionContract):
    component = toy.component_of(toy.SetsValue)

    @asynccontextmanager
    async def world(self) -> AsyncIterator[ActionWorld]:
        yield toy.ToyWorld()

    def case(self, world: ActionWorld) -> Case:
        return _case(5)

    def out_of_bounds(self, world: ActionWorld) -> Sequence[Case]:
        return [_case(11)]


def _case(value: int) -> Case:
    step = Step("set it", "set_value", {"value": value}, samples.incident(1))
    return Case(step, Target("uid", "east", toy.THING))


@pytest.mark.anyio
class TestToyAction(ToyContract):
    """One that keeps every promise passes all of them."""


@pytest.mark.anyio
@pytest.mark.parametrize("promise", COUNTEREXAMPLES)
async def test_an_action_that_breaks_a_promise_is_found_out(promise: str) -> None:
    contract = ToyContract()
    contract.component = toy.component_of(COUNTEREXAMPLES[promise])
    with pytest.raises(AssertionError):
        await getattr(contract, promise)()


def test_every_promise_has_a_counterexample() -> None:
    assert set(promises()) == set(COUNTEREXAMPLES)
