"""Carries out one run: asks logic for the next command, does it, writes down what came of it, until it has ended."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import anyio
import structlog

from kronveil.agent.rehearsing import rehearsed
from kronveil.agent.runs import Runs
from kronveil.logic import interpreter, journal, verification
from kronveil.logic.inputs import WrongInputs, take
from kronveil.logic.interpreter import (
    STEP_TIMEOUT,
    Act,
    Ask,
    AskPerson,
    Command,
    Finish,
    GiveUp,
    GiveUpUndo,
    MakePlan,
    Perform,
    Settle,
    Skip,
    Undo,
    Verify,
    Wait,
)
from kronveil.logic.planning import does_the_same, plan_of
from kronveil.logic.resolving import around, succeeded
from kronveil.logic.response import Bounds, is_over, last_verdict
from kronveil.model.execution import Effect, Execution, ExecutionStatus, StepPlan, StepRecord, Verdict
from kronveil.model.incident import Incident
from kronveil.model.runbook import Runbook
from kronveil.sdk.actions import Action, Outcome
from kronveil.sdk.backoff import Backoff
from kronveil.sdk.errors import Permanent, PluginError, Transient

LOOK_S = 1.0
LONGEST_RETRY_S = 300.0
log = structlog.get_logger()


class Sight(Protocol):
    """What a run may look at while it waits for its verdict."""

    def incident(self, incident_id: str) -> Incident | None:
        """As it is now, None when it is no longer in memory."""

    def beside(self, incident: Incident) -> Sequence[Incident]:
        """Other incidents of the same owner."""
        ...

    def is_heard(self, cluster_name: str) -> bool:
        """Whether the cluster is heard from now."""
        ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What every run works with."""

    runs: Runs
    actions: Mapping[str, Action]
    sight: Sight
    bounds: Callable[[], Bounds]
    may_begin: Callable[[Execution], Awaitable[str]] | None = None
    """Asked before the first step that changes something: why the run may not act, empty when it may."""
    got_better: Callable[[Execution], Awaitable[None]] | None = None
    """Told that no symptom of its incident is seen any more since it acted, though the verdict is not due."""


class Performance:
    """One run under way. ``nudge`` wakes it when people or incidents changed something; ``stop_now`` ends its act."""

    def __init__(self, run_id: str, runbook: Runbook | None, tools: Tools) -> None:
        self._run_id = run_id
        self._runbook = runbook
        self._tools = tools
        self._runs = tools.runs
        self._woken = anyio.Event()
        self._acting: set[anyio.CancelScope] = set()
        self._looked_since: datetime | None = None
        self._heard_since: datetime | None = None

    def nudge(self) -> None:
        """Look again."""
        self._woken.set()

    def stop_now(self) -> None:
        """Give up the act under way, if any; what became of it is told as unknown."""
        for acting in tuple(self._acting):
            acting.cancel()
        self.nudge()

    async def perform(self) -> None:
        """Until the run has ended, from wherever its journal says it is."""
        while True:
            run = self._run
            command = interpreter.next_command(run, self._runs.now())
            if command is None:
                return
            await self._carry_out(run, command)

    async def _carry_out(self, run: Execution, command: Command) -> None:  # noqa: C901 - a case a line
        match command:
            case MakePlan():
                await self._plan(run)
            case Ask(until):
                await self._ask(run, until)
            case Perform():
                await self._perform(run, command)
            case Skip(index, step):
                await self._note(journal.skipped, index, step)
            case AskPerson(index, step):
                await self._note(journal.asked, index, step)
            case Wait(until):
                await self._wait((until - self._runs.now()).total_seconds())
            case GiveUp(index, why):
                await self._note(journal.step_failed, index, why)
            case Verify():
                await self._verify(run)
            case Undo():
                await self._undo(command)
            case GiveUpUndo(index, why):
                await self._note(journal.step_undone, index, f"not undone: {why}", has_worked=False)
            case Settle():
                await self._note(journal.settling, self._settle_time(run))
            case Finish(status, why):
                await self._end(status, why)

    @property
    def _run(self) -> Execution:
        run = self._runs.get(self._run_id)
        assert run is not None  # noqa: S101 - one that has not ended is not forgotten
        return run

    async def _wait(self, seconds: float) -> None:
        with anyio.move_on_after(max(0.0, seconds)):
            await self._woken.wait()
        self._woken = anyio.Event()

    # --- plan ---

    async def _rehearsed(self, run: Execution) -> list[StepPlan]:
        tools = self._tools
        return await rehearsed(run, self._runbook, tools.sight.incident(run.incident_id), tools.actions)

    async def _plan(self, run: Execution) -> None:
        try:
            steps = await self._rehearsed(run)
        except PluginError as error:
            await self._end(ExecutionStatus.FAILED, str(error))
            return
        runbook, bounds = self._runbook, self._tools.bounds()
        assert runbook is not None  # noqa: S101 - rehearsing would have failed
        plan = plan_of(runbook, steps, self._runs.now(), bounds.approval_expires, run.parameters)
        if self._run.cancel_asked:
            return
        await self._note(journal.planned, plan)

    async def _ask(self, run: Execution, until: datetime) -> None:
        """Wait for somebody. A plan for what is over by itself is withdrawn: nobody should approve it later."""
        incident = self._tools.sight.incident(run.incident_id)
        if incident is None or is_over(incident):
            await self._end(ExecutionStatus.EXPIRED, "the incident was over before anybody approved it")
        else:
            await self._wait((until - self._runs.now()).total_seconds())

    # --- act ---

    async def _perform(self, run: Execution, command: Perform) -> None:
        if self._tools.bounds().is_stopped:
            await self._end(ExecutionStatus.CANCELLED, _stopped(command.acts))
            return
        if any(act.step.effect is not Effect.READ for act in command.acts) and run.acted_at is None:
            if why := await self._why_not_begin(run):
                await self._end(ExecutionStatus.FAILED, why)
                return
            if self._run.cancel_asked:
                return
        await self._note(journal.intended, command.acts)
        async with anyio.create_task_group() as tasks:
            for act in command.acts:
                tasks.start_soon(self._act, act, command.until)

    async def _why_not_begin(self, run: Execution) -> str:
        if run.approvals and (changed := await self._changed(run)):
            return changed
        return await self._tools.may_begin(run) if self._tools.may_begin is not None else ""

    async def _act(self, act: Act, until: datetime) -> None:
        try:
            outcome = await self._within_deadline(act, until)
        except _CutShort as cut:
            await self._note(journal.step_unsure, act.index, str(cut), retry_at=None)
        except Transient as error:
            await self._note(journal.step_unsure, act.index, str(error), retry_at=self._retry_at(act.index, error))
        except Permanent as error:
            await self._note(journal.step_failed, act.index, str(error))
        except Exception as error:  # a defect of one action must not leave the others' records open
            log.exception("execution.action_broke", execution=self._run_id, action=act.step.action)
            words = f"the action made a mistake ({type(error).__name__}): it may have been done"
            await self._note(journal.step_failed, act.index, words)
        else:
            await self._note(
                journal.step_done,
                act.index,
                outcome.message,
                has_changed=outcome.has_changed,
                findings=outcome.findings,
            )

    async def _within_deadline(self, act: Act, until: datetime) -> Outcome:
        left = (until - self._runs.now()).total_seconds()
        limit_s = max(0.0, min((act.step.timeout or STEP_TIMEOUT).total_seconds(), left))
        with anyio.CancelScope() as acting:
            self._acting.add(acting)
            try:
                with anyio.fail_after(limit_s):
                    return await self._action(act.step.action).perform(act.step, act.key)
            except TimeoutError:
                raise Transient(f"it did not come to an end within {limit_s:g} s") from None
            finally:
                self._acting.discard(acting)
        raise _CutShort("cancelled while it acted: it may have been done; look at the target")

    def _retry_at(self, index: int, error: Transient) -> datetime:
        """Later with each try; not before the target said that it may be asked again."""
        backoff = Backoff()
        backoff.tries = max(0, self._record(index).tries - 1)
        told = error.retry_after.total_seconds() if error.retry_after is not None else 0.0
        return self._runs.now() + timedelta(seconds=backoff.next_s(min(told, LONGEST_RETRY_S)))

    def _record(self, index: int) -> StepRecord:
        return next(record for record in self._run.steps if record.index == index)

    async def _changed(self, run: Execution) -> str:
        """Why the plan that was approved may not be carried out any more; empty while it may."""
        plan, runbook = run.plan, self._runbook
        try:
            steps = await self._rehearsed(run)
        except PluginError as error:
            return f"the plan could not be rehearsed again before it began: {error}"
        assert plan is not None  # noqa: S101 - it was approved
        assert runbook is not None  # noqa: S101 - rehearsing would have failed
        if runbook.digest != run.runbook_digest:
            return "the runbook has another text than when this was approved. Nothing was done"
        if does_the_same(plan.steps, steps):
            return ""
        return f"the target changed since it was approved: {_difference(plan.steps, steps)}. Nothing was done"

    def _settle_time(self, run: Execution) -> timedelta:
        own = run.plan.settle if run.plan is not None else None
        return own or self._tools.bounds().settle

    # --- verify ---

    async def _verify(self, run: Execution) -> None:
        sight, now = self._tools.sight, self._runs.now()
        incident = sight.incident(run.incident_id)
        found = verification.judge(
            run,
            incident,
            tuple(sight.beside(incident)) if incident else (),
            self._watch(incident, now),
            now=now,
            success=self._success(run, incident),
        )
        if found.verdict is None:
            if incident is not None and verification.is_better(incident) and self._tools.got_better is not None:
                await self._tools.got_better(run)
            left_s = LOOK_S if found.again_at is None else (found.again_at - self._runs.now()).total_seconds()
            await self._wait(min(LOOK_S, left_s))
        else:
            await self._note(
                journal.judged, found.verdict, found.reason, needs_person=self._escalation(run, found.verdict)
            )

    def _escalation(self, run: Execution, verdict: Verdict) -> str:
        """Why a person must see to it now; empty while the runbook may be tried again."""
        if verdict is Verdict.HARMFUL:
            return f"{run.runbook_name} did harm here: it does not run on this target again by itself"
        if verdict is Verdict.INEFFECTIVE and last_verdict(run, self._runs.of_target(run.target_key)) is verdict:
            return f"{run.runbook_name} did not help twice in a row: it does not run on this target again by itself"
        return ""

    def _success(self, run: Execution, incident: Incident | None) -> bool | None:
        """Whether the runbook's own condition holds now; one that names none is content."""
        condition = run.plan.success if run.plan is not None else ""
        if not condition:
            return True
        if incident is None or self._runbook is None:
            return None
        given = {name: json.loads(text) for name, text in (run.parameters or {}).items()}
        try:
            return succeeded(condition, around(incident, given), take(self._runbook, given))
        except WrongInputs:
            return None

    def _watch(self, incident: Incident | None, now: datetime) -> verification.Watch:
        self._looked_since = self._looked_since or now
        is_heard = incident is None or self._tools.sight.is_heard(incident.cluster.name)
        self._heard_since = (self._heard_since or now) if is_heard else None
        return verification.Watch(self._looked_since, self._heard_since)

    async def _undo(self, undo: Undo) -> None:
        await self._note(journal.undo_intended, undo.index)
        try:
            with anyio.fail_after((undo.step.timeout or STEP_TIMEOUT).total_seconds()):
                outcome = await self._action(undo.step.action).compensate(undo.step, undo.key)
        except (Transient, TimeoutError) as error:
            known = error if isinstance(error, Transient) else Transient("it did not come to an end in time")
            await self._note(journal.step_unsure, undo.index, str(known), retry_at=self._retry_at(undo.index, known))
        except Permanent as error:
            await self._note(journal.step_undone, undo.index, f"not undone: {error}", has_worked=False)
        except Exception as error:  # the other steps are to be set back too
            log.exception("execution.undo_broke", execution=self._run_id, action=undo.step.action)
            words = f"not undone: the action made a mistake ({type(error).__name__})"
            await self._note(journal.step_undone, undo.index, words, has_worked=False)
        else:
            await self._note(journal.step_undone, undo.index, f"set back: {outcome.message}", has_worked=True)

    # --- end ---

    async def _end(self, status: ExecutionStatus, why: str) -> None:
        run = await self._note(journal.ended, status, why)
        log.info("execution.ended", execution=run.id, status=status, verdict=run.verdict, why=why)

    async def _note(self, change: Callable[..., Execution], /, *told: object, **named: object) -> Execution:
        """Write down what came of a command, as it is true now."""
        return await self._runs.change(self._run_id, lambda run: change(run, *told, now=self._runs.now(), **named))

    def _action(self, name: str) -> Action:
        action = self._tools.actions.get(name)
        if action is None:
            raise Permanent(f"there is no action {name}")
        return action


class _CutShort(Exception):  # noqa: N818 - read as what happened
    """Somebody had it stop now."""


def _stopped(begun: Sequence[Act]) -> str:
    names = ", ".join(act.step.name for act in begun)
    is_repeat = any(act.is_repeat for act in begun)
    where = f"in {names}, which may have been done" if is_repeat else f"before {names}"
    return f"all runs were stopped (kill switch) {where}"


def _difference(before: Sequence[StepPlan], after: Sequence[StepPlan]) -> str:
    """The first fields that a plan made now has otherwise."""
    words: list[str] = []
    for old, new in zip(before, after, strict=False):
        old_fields = {diff.path: (diff.before, diff.after) for diff in old.diff}
        new_fields = {diff.path: (diff.before, diff.after) for diff in new.diff}
        for path in dict.fromkeys((*old_fields, *new_fields)):
            if old_fields.get(path) != new_fields.get(path):
                now = new_fields.get(path, (None, None))[0]
                words.append(f"{path} was {old_fields.get(path, (None, None))[0]} and is {now}")
        if not words and old.target and new.target and old.target.version != new.target.version:
            words.append(
                f"{new.target.resource.name} went from generation {old.target.version} to {new.target.version}"
            )
    return "; ".join(words[:5]) or "other steps would be done"
