"""The task that answers incidents: proposes runs, carries them out, and takes what people decide about them."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import anyio
import structlog
from anyio.abc import TaskGroup

from kronveil.agent.desk import NotFound, Refused
from kronveil.agent.escalating import call
from kronveil.agent.governing import Asking, Governor, automatic
from kronveil.agent.leasing import keep_lease, take_over
from kronveil.agent.performing import Performance, Sight, Tools
from kronveil.agent.repertoire import Repertoire, Tell
from kronveil.agent.runs import Runs
from kronveil.logic import consent, journal
from kronveil.logic.inputs import as_given
from kronveil.logic.journal import summary
from kronveil.logic.policy import Who
from kronveil.logic.response import ENDED, Bounds, Leave, is_over, matching, may_act, target_key
from kronveil.model.autonomy import Level, Standing
from kronveil.model.execution import Approval, Execution, ExecutionStatus, Mode, Stop, Verdict
from kronveil.model.incident import Incident
from kronveil.model.policy import Decision, Point
from kronveil.model.runbook import Runbook
from kronveil.sdk.errors import KronveilError
from kronveil.sdk.storage import ExecutionPage, ExecutionQuery, Store

AGENT = "kronveil"
ASKS = Who(AGENT, ("viewer", "operator"))
"""The agent where it only proposes: a person decides."""
DEFERRED_S = 30.0
"""How often what was refused for now is looked at again."""
log = structlog.get_logger()


class Executions:
    """Owns every run. Runs of one target never act at once; each is a task that ends with it."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it joins
        self,
        repertoire: Repertoire,
        runs: Runs,
        sight: Sight,
        store: Store,
        tell: Tell,
        standings: Iterable[Standing] = (),
    ) -> None:
        self.runbooks = {runbook.id: runbook for runbook in repertoire.runbooks}
        self.effects = repertoire.effects
        self._may_write_to = repertoire.may_write_to
        self._notifiers = repertoire.notifiers
        self._store = store
        self._bounds = repertoire.bounds
        self._switch = repertoire.switch
        self._tools = tools = Tools(
            runs, repertoire.actions, sight, self._bounds_now, self._why_not_begin, self._got_better
        )
        self.governor = Governor(
            repertoire.engine,
            repertoire.calendar,
            store,
            runs.now,
            standings,
            bounds=self._bounds_now,
            effects=repertoire.effects,
        )
        runs.beside = lambda before, run: self.governor.beside(before, run, self.runbooks.get(run.runbook_id))
        self._runs: Runs = tools.runs
        self._tell = tell
        self._turns: list[Execution] = []
        runs.on_turn = self._turned
        self._performing: dict[str, Performance] = {}
        self._noticed: dict[str, Incident] = {}
        self._deferred: dict[str, Leave] = {}
        self._woken = anyio.Event()
        self._lock = anyio.Lock()
        self._tasks: TaskGroup | None = None

    def _bounds_now(self) -> Bounds:
        return replace(self._bounds(), is_stopped=self._switch.stopped() is not None)

    def notice(self, incidents: Iterable[Incident]) -> None:
        """Incidents that were opened or changed; never waits."""
        for incident in incidents:
            self._noticed[incident.id] = incident
            self._woken.set()

    def _turned(self, run: Execution) -> None:
        self._turns.append(run)
        self._woken.set()

    async def run(self) -> None:
        """Go on with what was under way, then answer incidents until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(keep_lease, self._runs, self._store, await take_over(self._runs, self._store))
            self._tasks = tasks
            for run in self._runs.open():
                self._begin(run)
            while True:
                await self._until_woken()
                turns, self._turns = self._turns, []
                for run in turns:
                    await self._told(run)
                noticed, self._noticed = self._noticed, {}
                for performance in self._performing.values():
                    performance.nudge()
                for incident in noticed.values():
                    await self._compare(incident)
                    await self._answer(incident)

    async def _until_woken(self) -> None:
        """Until there is something to answer; what was refused for now is answered again after a while."""
        with anyio.move_on_after(DEFERRED_S) if self._deferred else anyio.CancelScope():
            await self._woken.wait()
        self._woken = anyio.Event()
        for incident_id in tuple(self._deferred):
            incident = self._tools.sight.incident(incident_id)
            if incident is None:
                del self._deferred[incident_id]
            else:
                self._noticed.setdefault(incident_id, incident)

    async def _told(self, run: Execution) -> None:
        """Write a turn of a run into its incident's timeline. It is in the run's own story in any case."""
        words = summary(run)
        if words is None:
            return
        try:
            await self._tell(run.incident_id, words)
        except KronveilError as error:
            log.warning("execution.not_told", execution=run.id, incident=run.incident_id, error=str(error))

    async def _call(self, run: Execution) -> None:
        """Call a person to a run that has ended and needs one."""
        incident = self._tools.sight.incident(run.incident_id)
        words = await call(run, incident, self._notifiers, self._runs.now())
        try:
            await self._tell(run.incident_id, f"A person is needed for {run.runbook_name} ({run.id}): {words}")
        except KronveilError as error:
            log.warning("execution.not_told", execution=run.id, incident=run.incident_id, error=str(error))

    async def _got_better(self, run: Execution) -> None:
        try:
            await self._tell(run.incident_id, f"No symptom is seen since {run.runbook_name} ({run.id})", "mitigate")
        except KronveilError as error:
            log.warning("execution.not_told", execution=run.id, incident=run.incident_id, error=str(error))

    # --- the agent's own ---

    async def _compare(self, incident: Incident) -> None:
        """Once it is over: what a runbook that may only suggest would have done beside what people did."""
        if not is_over(incident):
            return
        for run in self._runs.of_incident(incident.id):
            runbook = self.runbooks.get(run.runbook_id)
            if run.requested_by != AGENT or run.verdict is not Verdict.REHEARSED or runbook is None:
                continue
            try:
                if words := await self.governor.shadowed(runbook, run, incident):
                    await self._tell(incident.id, words)
            except KronveilError as error:
                log.warning("execution.not_compared", execution=run.id, error=str(error))

    async def _answer(self, incident: Incident) -> None:
        """Propose what matches, once for each time that the incident needs it.

        Nothing is proposed where nothing may be written: each plan would end as a failure that helps nobody.
        """
        was_deferred = self._deferred.pop(incident.id, None)
        if self._runs.is_overtaken or not self._may_write_to(incident.cluster.name):
            return
        for runbook in matching(self.runbooks.values(), incident):
            mine = [run for run in self._runs.of_incident(incident.id) if run.runbook_id == runbook.id]
            if mine and not _is_worth_another(mine[0], incident):
                continue
            if self.governor.level(runbook) is Level.OBSERVE:
                await self.governor.observed(runbook, incident)
                continue
            async with self._lock:
                leave = self._leave(runbook, target_key(incident))
                if not leave.is_refusal and await self._propose(runbook, incident, leave):
                    continue
                leave = leave if leave.is_refusal else Leave.REFUSE_POLICY
            if leave is not was_deferred:
                log.info("execution.not_proposed", runbook=runbook.id, incident=incident.id, why=leave.value)
            if leave.is_for_now:
                self._deferred[incident.id] = leave

    async def _propose(self, runbook: Runbook, incident: Incident, leave: Leave) -> bool:
        """Propose it as far as its level and the policy let; whether they let it at all."""
        if leave is Leave.REHEARSE_LIVE_OFF or self.governor.level(runbook) is Level.SUGGEST:
            await self._request(runbook, incident, mode=Mode.REHEARSE, by=AGENT, is_automatic=False)
            return True
        past = self._past(target_key(incident))
        for who in (automatic(), ASKS) if leave is Leave.RUN else (ASKS,):
            decision = await self.governor.proposes(Asking(Point.PROPOSE, who, runbook, incident, past))
            if decision is None or decision.is_allowed:
                by = who.is_automatic
                await self._request(runbook, incident, mode=Mode.LIVE, by=AGENT, is_automatic=by, decision=decision)
                return True
        return False

    def _past(self, target: str) -> Sequence[Execution]:
        """The runs that a policy may count."""
        return self._runs.looked_back_on(target, timedelta(days=1))

    async def _why_not_begin(self, run: Execution) -> str:
        """What the policy says right before the first step that changes something."""
        runbook, incident = self.runbooks.get(run.runbook_id), self._tools.sight.incident(run.incident_id)
        if runbook is None or incident is None:
            return "its runbook or its incident is not known any more. Nothing was done"
        who = automatic() if run.is_automatic else Who(run.approvals[-1].by if run.approvals else run.requested_by)
        past = [other for other in self._past(run.target_key) if other.id != run.id]
        return await self.governor.why_not_begin(Asking(Point.START, who, runbook, incident, past, run))

    def _leave(self, runbook: Runbook, target: str, but: str = "") -> Leave:
        """Whether a runbook may act on a target, the run ``but`` apart. Asked and used under one lock: what it lets
        begin counts before the next is asked."""
        bounds = self._tools.bounds()
        runbook = replace(runbook, auto_execute=self.governor.level(runbook) is Level.AUTOMATIC)
        past = self._runs.looked_back_on(target, max(bounds.fleet_window, bounds.target_window))
        return may_act(runbook, target, [run for run in past if run.id != but], bounds, self._runs.now())

    async def _request(  # noqa: PLR0913 - what a run begins with
        self,
        runbook: Runbook,
        incident: Incident,
        *,
        mode: Mode,
        by: str,
        is_automatic: bool,
        parameters: Mapping[str, object] | None = None,
        decision: Decision | None = None,
    ) -> Execution:
        """Under the lock."""
        if self._tasks is None:
            raise Refused("the agent is starting or stopping: it begins no runs now")
        turn = sum(run.runbook_id == runbook.id for run in self._runs.of_incident(incident.id))
        run = journal.requested(
            runbook,
            incident,
            mode=mode,
            by=by,
            is_automatic=is_automatic,
            turn=turn,
            now=self._runs.now(),
            parameters=_texts(as_given(runbook, parameters or {})),
        )
        run = await self._runs.add(_decided(run, decision))
        if decision is not None:
            await self.governor.keep(decision, run)
        self._begin(run)
        return run

    def _begin(self, run: Execution) -> None:
        assert self._tasks is not None  # noqa: S101 - it runs
        performance = Performance(run.id, self.runbooks.get(run.runbook_id), self._tools)
        self._performing[run.id] = performance
        self._tasks.start_soon(self._perform, run.id, performance)

    async def _perform(self, run_id: str, performance: Performance) -> None:
        try:
            await performance.perform()
        except Exception as error:  # a defect in one run must neither end the others nor leave it open for ever
            log.exception("execution.broke", execution=run_id)
            await self._broke(run_id, error)
        finally:
            self._performing.pop(run_id, None)
        self._look_again(run_id)

    async def _broke(self, run_id: str, error: Exception) -> None:
        if self._runs.is_overtaken:
            return
        run = self._runs.get(run_id)
        if run is not None and run.status not in ENDED:
            why = f"the agent made a mistake: {type(error).__name__}"
            await self._runs.change(
                run_id, lambda run: journal.ended(run, ExecutionStatus.FAILED, why, now=self._runs.now())
            )

    def _look_again(self, run_id: str) -> None:
        """What ended without helping may be tried in another way; what was locked out by it may come now."""
        run = self._runs.get(run_id)
        if run is not None and run.needs_person and run.status in ENDED and self._tasks is not None:
            self._tasks.start_soon(self._call, run)
        incident = self._tools.sight.incident(run.incident_id) if run is not None else None
        if incident is not None:
            self.notice((incident,))

    # --- people's ---

    @property
    def is_live(self) -> bool:
        """See ``Loop``."""
        return self._tools.bounds().live

    @property
    def health(self) -> tuple[str | None, datetime | None]:
        """Why no run can be changed now, None when they can; and when that last worked."""
        return self._runs.trouble or self.governor.trouble, self._runs.kept_at

    def stopped(self) -> Stop | None:
        """See ``Loop``."""
        return self._switch.stopped()

    def stop_all(self, by: str, reason: str) -> Stop:
        """See ``Loop``."""
        stop = Stop(by, self._runs.now(), reason)
        self._switch.stop(stop)
        log.warning("executions.stopped", by=by, reason=reason)
        for performance in self._performing.values():
            performance.nudge()
        return stop

    def resume_all(self, by: str) -> None:
        """See ``Loop``."""
        self._switch.resume()
        log.warning("executions.resumed", by=by)

    async def page(self, query: ExecutionQuery) -> ExecutionPage:
        """See ``Loop``."""
        return await self._store.executions(query)

    async def execution(self, execution_id: str) -> Execution:
        """See ``Loop``."""
        run = self._runs.get(execution_id) or await self._store.execution(execution_id)
        if run is None:
            raise NotFound(f"there is no run {execution_id!r}")
        return run

    def all(self) -> list[Execution]:
        """Those in memory, newest first."""
        return self._runs.newest_first()

    async def request(  # noqa: PLR0913 - what a run begins with
        self,
        runbook_id: str,
        incident_id: str,
        mode: Mode,
        by: str,
        parameters: Mapping[str, object] | None = None,
        *,
        roles: Sequence[str] = (),
    ) -> Execution:
        """Begin a run that somebody asked for. Raises NotFound, Refused, Denied, WrongInputs."""
        runbook, incident = self.runbooks.get(runbook_id), self._tools.sight.incident(incident_id)
        if runbook is None:
            raise NotFound(f"there is no runbook {runbook_id!r}; there are: {', '.join(sorted(self.runbooks))}")
        if incident is None:
            raise NotFound(f"there is no incident {incident_id!r} that is open or was until lately")
        async with self._lock:
            decision = None
            if mode is Mode.LIVE:
                _refuse_unless(self._leave(runbook, target_key(incident)))
                past = self._past(target_key(incident))
                asking = Asking(Point.PROPOSE, Who(by, tuple(roles)), runbook, incident, past)
                decision = await self.governor.let(asking)
            return await self._request(
                runbook, incident, mode=mode, by=by, is_automatic=False, parameters=parameters, decision=decision
            )

    async def approve(
        self, run_id: str, plan_hash: str, by: str, reason: str, *, roles: Sequence[str] = ()
    ) -> Execution:
        """Sign a plan. Raises NotFound, Denied, and Refused for what is not, or no longer, to be approved."""
        async with self._lock:
            run, now = self._found(run_id), self._runs.now()
            runbook, approval = self._runbook_of(run), Approval(by, now, plan_hash, reason)
            _refuse_unless(self._leave(runbook, run.target_key, but=run.id))
            _tried(lambda: consent.approved(run, approval, now=now))
            incident = self._tools.sight.incident(run.incident_id)
            if incident is None:
                raise Refused("its incident is not known any more")
            past = [other for other in self._past(run.target_key) if other.id != run.id]
            asking = Asking(Point.APPROVE, Who(by, tuple(roles)), runbook, incident, past, run)
            decision = await self.governor.allow(asking)
            return await self._changed(run_id, lambda run: _decided(consent.approved(run, approval, now=now), decision))

    async def revoke(self, run_id: str, by: str, reason: str) -> Execution:
        """Take a signature back, before the run begins. Raises NotFound, Refused."""
        async with self._lock:
            self._found(run_id)
            return await self._changed(run_id, lambda run: consent.revoked(run, by, reason, now=self._runs.now()))

    async def edit(self, run_id: str, by: str, parameters: Mapping[str, object], reason: str) -> Execution:
        """Have it planned anew with other inputs; what was signed is void. Raises NotFound, Refused, WrongInputs."""
        async with self._lock:
            texts = _texts(as_given(self._runbook_of(self._found(run_id)), parameters)) or {}
            return await self._changed(run_id, lambda run: consent.edited(run, by, texts, reason, now=self._runs.now()))

    async def answer(self, run_id: str, step: int, by: str, *, goes_on: bool, reason: str) -> Execution:
        """Answer what a step asks. Raises NotFound, Refused."""
        self._found(run_id)
        now = self._runs.now()
        return await self._changed(
            run_id, lambda run: journal.answered(run, step, by, goes_on=goes_on, reason=reason, now=now)
        )

    async def reject(self, run_id: str, by: str, reason: str) -> Execution:
        """Say no to a plan. Raises NotFound, Refused."""
        async with self._lock:
            self._found(run_id)
            return await self._changed(run_id, lambda run: consent.rejected(run, by, reason, now=self._runs.now()))

    async def stop(self, run_id: str, by: str, *, after_step: bool) -> Execution:
        """Stop a run, now or after the step it is at. Raises NotFound, Refused."""
        async with self._lock:
            self._found(run_id)
            now = self._runs.now()
            run = await self._changed(run_id, lambda run: journal.told_to_stop(run, by, after_step=after_step, now=now))
        performing = self._performing.get(run_id)
        if performing is not None and not after_step:
            performing.stop_now()
        return run

    def _runbook_of(self, run: Execution) -> Runbook:
        runbook = self.runbooks.get(run.runbook_id)
        if runbook is None:
            raise Refused(f"there is no runbook {run.runbook_id} any more")
        return runbook

    def _found(self, run_id: str) -> Execution:
        run = self._runs.get(run_id)
        if run is None:
            raise NotFound(f"there is no run {run_id!r}")
        return run

    async def _changed(self, run_id: str, change: Callable[[Execution], Execution]) -> Execution:
        try:
            run = await self._runs.change(run_id, change)
        except journal.NotNow as refusal:
            raise Refused(str(refusal)) from None
        if (performing := self._performing.get(run_id)) is not None:
            performing.nudge()
        return run


def _refuse_unless(leave: Leave) -> None:
    if leave.is_refusal or leave is Leave.REHEARSE_LIVE_OFF:
        raise Refused(leave.value.partition(": ")[2])


def _tried(change: Callable[[], Execution]) -> None:
    """Learn whether a change may be made, before anything follows from it."""
    try:
        change()
    except journal.NotNow as refusal:
        raise Refused(str(refusal)) from None


def _decided(run: Execution, decision: Decision | None) -> Execution:
    """The run, whose story names what the policy said."""
    if decision is None:
        return run
    words = f"{decision.point}: allowed by {decision.rule} ({decision.id})"
    return journal.told(run, decision.at, "policy", words)


def _texts(given: Mapping[str, object]) -> dict[str, str] | None:
    """Inputs as a run keeps them: JSON text by name."""
    return {name: json.dumps(value, ensure_ascii=False) for name, value in given.items()} or None


def _is_worth_another(last: Execution, incident: Incident) -> bool:
    """Whether an incident that was answered before needs it again: it did not help, or it broke out anew since."""
    if last.status not in ENDED:
        return False
    if last.verdict is Verdict.INEFFECTIVE:
        return True
    return any(moment.what == "reopened" and moment.at > last.requested_at for moment in incident.timeline)
