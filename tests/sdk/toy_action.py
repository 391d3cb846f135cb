"""A small world of numbers and an action that sets one of them; beside it, one action for each promise it can break."""

from collections.abc import Mapping
from contextlib import suppress

import anyio

from kronveil.model.execution import Effect, FieldDiff, StepPlan, Target
from kronveil.model.resource import Resource
from kronveil.sdk.actions import ActionComponent, Means, Outcome, Parameter, Step
from kronveil.sdk.errors import Permanent, Transient

_MADE: list[StepPlan] = []
THING = Resource("Thing", "a", "shop", "t-1")


class ToyWorld:
    """One thing with a value, a note of the last key, and the moods of ``ActionWorld``."""

    secret = "hunter2-of-the-toy"

    def __init__(self) -> None:
        self.means = Means(doors=None, notifiers={"world": self})  # type: ignore[arg-type]
        self.value = 1
        self.other = 1
        self.acts = 0
        self.keys: list[str] = []
        self._loses = self._hangs = False

    async def state(self) -> Mapping[str, object]:
        return {"Thing/shop/a": {"value": self.value, "other": self.other}}

    def lose_next_answer(self) -> None:
        self._loses = True

    def hang_after_next_act(self) -> None:
        self._hangs = True

    async def change_target(self) -> str:
        self.value = 7
        return "value"

    async def write(self, key: str, value: int) -> None:
        self.value, self.acts = value, self.acts + 1
        self.keys.append(key)
        if self._hangs:
            self._hangs = False
            await anyio.sleep_forever()
        if self._loses:
            self._loses = False
            raise Transient("the answer was lost")


class SetsValue:
    """Keeps every promise."""

    def __init__(self, means: Means) -> None:
        found = means.notifiers["world"]
        assert isinstance(found, ToyWorld)
        self.toy = found

    async def rehearse(self, step: Step, target: Target) -> StepPlan:
        wanted = step.parameters["value"]
        if not isinstance(wanted, int) or wanted > 10:
            raise Permanent("value must be a whole number of at most 10")
        diff = (FieldDiff("value", str(self.toy.value), str(wanted)),)
        return StepPlan(step.name, step.action, Effect.MUTATE, target, {"value": str(wanted)}, f"set {wanted}", diff)

    async def perform(self, plan: StepPlan, key: str) -> Outcome:
        return await self._set(plan, key, plan.diff[0].before, plan.diff[0].after)

    async def compensate(self, plan: StepPlan, key: str) -> Outcome:
        return await self._set(plan, key, plan.diff[0].after, plan.diff[0].before)

    async def _set(self, plan: StepPlan, key: str, old: str | None, new: str | None) -> Outcome:
        if key in self.toy.keys:
            return Outcome("done before", has_changed=True, was_done_before=True)
        if str(self.toy.value) != old:
            raise Permanent("value changed since")
        await self.toy.write(key, int(new or 0))
        return Outcome(plan.summary, has_changed=True)


class WritesWhileRehearsing(SetsValue):
    async def rehearse(self, step: Step, target: Target) -> StepPlan:
        plan = await super().rehearse(step, target)
        self.toy.other += 1
        return plan


class PlansAnew(SetsValue):
    async def rehearse(self, step: Step, target: Target) -> StepPlan:
        plan = await super().rehearse(step, target)
        _MADE.append(plan)
        return StepPlan(
            plan.name, plan.action, plan.effect, target, {}, plan.summary, plan.diff, details={"made": str(len(_MADE))}
        )


class DoesMoreThanItMay(SetsValue):
    async def rehearse(self, step: Step, target: Target) -> StepPlan:
        plan = await super().rehearse(step, target)
        return StepPlan(plan.name, plan.action, Effect.DESTROY, target, plan.parameters, plan.summary, plan.diff)


class ChangesMoreThanItSays(SetsValue):
    async def perform(self, plan: StepPlan, key: str) -> Outcome:
        outcome = await super().perform(plan, key)
        self.toy.other = 5
        return outcome


class ActsAgain(SetsValue):
    async def perform(self, plan: StepPlan, key: str) -> Outcome:
        self.toy.keys.clear()
        self.toy.value = int(plan.diff[0].before or 0)
        return await super().perform(plan, key)


class RepeatsWhatWasNotAnswered(SetsValue):
    async def perform(self, plan: StepPlan, key: str) -> Outcome:
        try:
            return await super().perform(plan, key)
        except Transient:
            await self.toy.write(key, int(plan.diff[0].after or 0))
            raise


class ForgetsWhatItWasCancelledIn(SetsValue):
    async def perform(self, plan: StepPlan, key: str) -> Outcome:
        if key in self.toy.keys:
            return Outcome("nothing was done")
        return await super().perform(plan, key)


class KnowsNoBounds(SetsValue):
    async def rehearse(self, step: Step, target: Target) -> StepPlan:
        wanted = step.parameters["value"]
        diff = (FieldDiff("value", str(self.toy.value), str(wanted)),)
        return StepPlan(step.name, step.action, Effect.MUTATE, target, {}, f"set {wanted}", diff)


class LooksNotAgain(SetsValue):
    async def perform(self, plan: StepPlan, key: str) -> Outcome:
        with suppress(Permanent):
            return await super().perform(plan, key)
        await self.toy.write(key, int(plan.diff[0].after or 0))
        return Outcome(plan.summary, has_changed=True)


class OnlySaysThatItUndoes(SetsValue):
    async def compensate(self, plan: StepPlan, key: str) -> Outcome:
        return Outcome("set back", has_changed=True)


class TellsTheSecret(SetsValue):
    async def perform(self, plan: StepPlan, key: str) -> Outcome:
        outcome = await super().perform(plan, key)
        return Outcome(f"{outcome.message} with {self.toy.secret}", has_changed=True)


def component_of(action: type[SetsValue]) -> ActionComponent:
    """The part that such an action is."""
    takes = (Parameter("value", "whole number", "The value."),)
    return ActionComponent("set_value", "Set it.", Effect.MUTATE, takes, action, ("Thing",), is_reversible=True)
