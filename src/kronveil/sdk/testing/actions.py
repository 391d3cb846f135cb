"""The promises of an action. Subclass ``ActionContract``, supply a world with moods, mark the class for AnyIO.

Each promise has a deliberately bad action that breaks it, see ``tests/sdk/test_action_contract_counterexamples.py``.
"""

# ruff: noqa: S101 - asserts are what a contract is made of

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Protocol, cast

import anyio

from kronveil.model.execution import Effect, FieldDiff, StepPlan, Target
from kronveil.sdk.actions import Action, ActionComponent, Means, Outcome, Step
from kronveil.sdk.differences import differences
from kronveil.sdk.errors import Permanent, PluginError, Transient

LATE_S = 30.0
_ORDER = (Effect.READ, Effect.MUTATE, Effect.DESTROY)
KEY, OTHER = "exe-1/0", "exe-1/0/undo"


class ActionWorld(Protocol):
    """What the action under test acts on, and its moods."""

    means: Means
    secret: str
    """What the action is given and must show nowhere; empty when there is none."""

    @property
    def acts(self) -> int:
        """How many effects it took, whether their answers arrived or not."""
        ...

    async def state(self) -> Mapping[str, object]:
        """Everything that may change, by name, without what changes by itself."""
        ...

    def lose_next_answer(self) -> None:
        """Take the next effect, and let its answer get lost."""

    def hang_after_next_act(self) -> None:
        """Take the next effect, and never answer."""

    async def change_target(self) -> str:
        """Somebody else changes what a plan began from; the answer is the word that a refusal must name.

        Empty for an action whose work is done by that, as when the pod to restart was restarted."""
        ...


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to do: the step and its target."""

    step: Step
    target: Target


class ActionContract:
    """``component`` is the part; ``world`` opens a fresh world, ``case`` says what to do in it.

    ``out_of_bounds`` are cases that must be refused. ``checks_diff``: whether the plan's differences are those of the
    world's state; an action on what has no fields says no.
    """

    component: ActionComponent
    checks_diff: bool = True
    patience_s: float = LATE_S

    def world(self) -> AbstractAsyncContextManager[ActionWorld]:
        """A fresh world that answers."""
        raise NotImplementedError

    def case(self, world: ActionWorld) -> Case:
        """What to do there."""
        raise NotImplementedError

    def out_of_bounds(self, world: ActionWorld) -> Sequence[Case]:
        """What must be refused there."""
        raise NotImplementedError

    @asynccontextmanager
    async def _ready(self) -> AsyncGenerator[tuple[ActionWorld, Action, StepPlan]]:
        """A world, the action in it and its plan."""
        async with self.world() as world:
            action = self.component.make(world.means)
            case = self.case(world)
            with anyio.fail_after(self.patience_s):
                plan = await action.rehearse(case.step, case.target)
            yield world, action, plan

    async def test_rehearsing_writes_nothing(self) -> None:
        async with self.world() as world:
            before, acts, case = await world.state(), world.acts, self.case(world)
            await self.component.make(world.means).rehearse(case.step, case.target)
            assert await world.state() == before, "rehearsing changed something"
            assert world.acts == acts, "rehearsing acted"

    async def test_a_plan_that_is_made_again_of_the_same_state_is_the_same(self) -> None:
        async with self._ready() as (world, action, plan):
            case = self.case(world)
            again = await action.rehearse(case.step, case.target)
            assert _signed(again) == _signed(plan), "what is signed differs from one rehearsal to the next"

    async def test_a_plan_says_what_it_does_and_no_more_than_its_action_may(self) -> None:
        async with self._ready() as (_, _action, plan):
            assert plan.summary.strip(), "the plan says nothing"
            assert plan.action == self.component.name, "the plan names another action"
            assert _ORDER.index(plan.effect) <= _ORDER.index(self.component.effect), "it would do more than it may"

    async def test_the_plan_names_everything_that_performing_changes(self) -> None:
        async with self._ready() as (world, action, plan):
            before = await world.state()
            await self._perform(action, plan, KEY)
            applied = changes(before, await world.state())
            assert bool(applied) == (plan.effect is not Effect.READ), f"{plan.effect} but changed: {applied}"
            if self.checks_diff:
                assert applied == sorted(plan.diff, key=_path), f"planned {plan.diff}, applied {applied}"

    async def test_one_key_acts_once(self) -> None:
        async with self._ready() as (world, action, plan):
            first = await self._perform(action, plan, KEY)
            acts, state = world.acts, await world.state()
            again = await self._perform(action, plan, KEY)
            assert world.acts == acts, "the same key acted twice"
            assert await world.state() == state, "the same key changed something again"
            assert first.has_changed == again.has_changed == (plan.effect is not Effect.READ), "it is not truthful"
            assert again.was_done_before or plan.effect is Effect.READ, "it does not say that it was done before"

    async def test_what_was_done_but_never_answered_is_not_done_again(self) -> None:
        expected = await self._acts_of_one()
        async with self._ready() as (world, action, plan):
            if plan.effect is Effect.READ:
                return
            world.lose_next_answer()
            with suppress(Transient):
                await self._perform(action, plan, KEY)
            await self._perform(action, plan, KEY)
            state, acts = await world.state(), world.acts
            assert acts == expected, f"it acted {acts} times instead of {expected}"
            assert (await self._perform(action, plan, KEY)).has_changed, "it forgot that it acted"
            assert await world.state() == state

    async def test_cancelled_midway_it_tells_the_truth_when_asked_again(self) -> None:
        expected = await self._acts_of_one()
        async with self._ready() as (world, action, plan):
            if plan.effect is Effect.READ:
                return
            world.hang_after_next_act()
            with anyio.fail_after(self.patience_s):
                async with anyio.create_task_group() as tasks:
                    before = world.acts
                    tasks.start_soon(_ignoring_errors, action, plan)
                    while world.acts == before:  # noqa: ASYNC110 - the world has no other way to say so
                        await anyio.sleep(0.01)
                    tasks.cancel_scope.cancel()
            outcome = await self._perform(action, plan, KEY)
            assert outcome.has_changed, "it acted, and says that nothing changed"
            assert world.acts == expected, f"it acted {world.acts} times instead of {expected}"

    async def test_what_is_out_of_bounds_is_refused(self) -> None:
        async with self.world() as world:
            action, before = self.component.make(world.means), await world.state()
            for case in self.out_of_bounds(world):
                refusal = await _refusal(action, case)
                assert refusal is not None, f"planned what is out of bounds: {case.step.parameters} {case.target}"
                assert len(refusal) > len("no"), "it does not say why"
            assert (await world.state(), world.acts) == (before, 0), "what was refused was done"

    async def test_a_target_that_changed_since_the_plan_is_left_alone(self) -> None:
        async with self._ready() as (world, action, plan):
            if plan.target is None or plan.effect is Effect.READ:
                return
            word = await world.change_target()
            before, acts = await world.state(), world.acts
            outcome, refusal = None, ""
            try:
                outcome = await self._perform(action, plan, KEY)
            except Permanent as error:
                refusal = str(error)
            if word:
                assert outcome is None, f"it acted on what was not planned for, {word}"
                assert word in refusal, f"{word} is not named: {refusal}"
            else:
                assert outcome is not None, f"its work was done, and it refused: {refusal}"
                assert outcome.was_done_before, "it does not say that there was nothing to do any more"
            assert (await world.state(), world.acts) == (before, acts), "it changed what was not planned for"

    async def test_undoing_sets_back_once_what_can_be_set_back(self) -> None:
        async with self._ready() as (world, action, plan):
            before = await world.state()
            await self._perform(action, plan, KEY)
            done, acts = await world.state(), world.acts
            if not self.component.is_reversible:
                with suppress(PluginError):
                    await action.compensate(plan, OTHER)
                    assert await world.state() != done, "it says that it was undone, and nothing was"
                return
            await action.compensate(plan, OTHER)
            assert await world.state() == before, "undoing did not set it back"
            undone = world.acts
            assert undone > acts, "it undid nothing"
            await action.compensate(plan, OTHER)
            assert world.acts == undone, "it was undone twice"

    async def test_a_planted_secret_shows_nowhere(self) -> None:
        async with self._ready() as (world, action, plan):
            outcome = await self._perform(action, plan, KEY)
            assert not world.secret or world.secret not in f"{plan!r}{outcome!r}{action!r}", "the secret shows"

    async def _perform(self, action: Action, plan: StepPlan, key: str) -> Outcome:
        with anyio.fail_after(self.patience_s):
            return await action.perform(plan, key)

    async def _acts_of_one(self) -> int:
        """How many effects performing the plan once has, in a world of its own."""
        async with self._ready() as (world, action, plan):
            await self._perform(action, plan, KEY)
            return world.acts


def promises() -> Sequence[str]:
    """The names of every promise of the contract."""
    return [name for name in vars(ActionContract) if name.startswith("test_")]


def changes(before: Mapping[str, object], after: Mapping[str, object]) -> list[FieldDiff]:
    """What became of the objects of a state: fields by their path, objects that are gone by their name."""
    found: list[FieldDiff] = []
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            found += differences(cast("object", old), cast("object", new))
        elif old != new:
            found += differences(
                cast("object", {name: old} if old is not None else {}),
                cast("object", {name: new} if new is not None else {}),
            )
    return sorted(found, key=_path)


async def _refusal(action: Action, case: Case) -> str | None:
    """Why it may not be done; also when that is said only by performing."""
    try:
        plan = await action.rehearse(case.step, case.target)
        await action.perform(plan, KEY)
    except Permanent as error:
        return str(error)
    return None


async def _ignoring_errors(action: Action, plan: StepPlan) -> None:
    with suppress(PluginError):
        await action.perform(plan, KEY)


def _signed(plan: StepPlan) -> object:
    return plan.action, plan.target, dict(plan.parameters), dict(plan.details or {}), plan.diff, plan.effect


def _path(diff: FieldDiff) -> str:
    return diff.path
