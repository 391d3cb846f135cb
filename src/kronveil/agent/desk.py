"""What the agent offers to those who ask: the one door between api and agent."""

from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from kronveil.agent.latency import Latencies
from kronveil.agent.live import Live
from kronveil.model.audit import AuditEntry, AuditSeal
from kronveil.model.autonomy import Level, Standing
from kronveil.model.change import Change, Suspect
from kronveil.model.event import Event
from kronveil.model.execution import Effect, Execution, Mode, Stop
from kronveil.model.fleet import Books, Fleet, Member
from kronveil.model.health import ComponentHealth, HealthStatus
from kronveil.model.incident import Incident
from kronveil.model.inventory import PodLine, WorkloadLine
from kronveil.model.policy import Document
from kronveil.model.runbook import Runbook
from kronveil.model.silence import Silence
from kronveil.sdk.chain import Verified
from kronveil.sdk.errors import KronveilError
from kronveil.sdk.policy import Module
from kronveil.sdk.signals import SeriesPage, SeriesQuery
from kronveil.sdk.storage import (
    AuditPage,
    AuditQuery,
    ChangePage,
    ChangeQuery,
    DecisionPage,
    DecisionQuery,
    EventPage,
    EventQuery,
    ExecutionPage,
    ExecutionQuery,
    IncidentCount,
    IncidentPage,
    IncidentQuery,
    Receipt,
)


class NotFound(KronveilError):  # noqa: N818 - read as the answer it is
    """There is no such incident or cluster."""


class Refused(KronveilError):  # noqa: N818 - read as the answer it is
    """The thing exists, but this may not be done to it now; the text says why."""


class Denied(Refused):
    """The policy denies it; the text says by which rule and why."""


class KeyReused(KronveilError):  # noqa: N818 - read as the answer it is
    """The idempotency key was used before for another request."""


@dataclass(frozen=True, slots=True)
class AgentHealth:
    """The whole of the agent's health at one moment."""

    status: HealthStatus
    components: tuple[ComponentHealth, ...]
    uptime: timedelta


@dataclass(frozen=True, slots=True)
class Figures:
    """What the agent counts of itself since it started."""

    queue_depth: int
    incidents_opened: int
    latencies: Latencies


@dataclass(frozen=True, slots=True)
class Act:
    """Who does what to which incident. ``key`` is the caller's idempotency key, if any.

    ``reason`` is what the verb is told: why (resolve, reopen), the words (note), to whom (assign), which event (pin).
    ``others`` are the incidents that a merge puts under this one.
    """

    incident_id: str
    verb: str
    actor: str
    reason: str = ""
    key: str | None = None
    others: tuple[str, ...] = ()


class Stage(Protocol):
    """One step of an event's way through the agent, as ``logic.explain.Stage`` tells it."""

    @property
    def name(self) -> str:
        """Which stage."""
        ...

    @property
    def result(self) -> str:
        """What it did, in one of a few words."""
        ...

    @property
    def reason(self) -> str:
        """Why, in a sentence."""
        ...

    @property
    def refs(self) -> tuple[str, ...]:
        """Ids of what the sentence names."""
        ...


@dataclass(frozen=True, slots=True)
class ClusterRequest:
    """A cluster that an operator adds while the agent runs; the same fields as in the configuration."""

    name: str
    kubeconfig_path: str | None = None
    context: str | None = None
    region: str | None = None
    namespaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    """One leaf of the effective configuration; secrets are masked before they come here."""

    key: str
    value: object
    default: object
    source: str


class Loop(Protocol):
    """Runbooks and their runs, as the API needs them."""

    @property
    def runbooks(self) -> Mapping[str, Runbook]:
        """All of them, by id."""
        ...

    @property
    def effects(self) -> Mapping[str, Effect]:
        """The most that each action may do, by its name."""
        ...

    @property
    def is_live(self) -> bool:
        """Whether runs may act at all."""
        ...

    def all(self) -> Sequence[Execution]:
        """The runs that decisions look back on, newest first; from memory."""
        ...

    def stopped(self) -> Stop | None:
        """Who stopped all runs, when and why; None when they are not stopped."""

    def stop_all(self, by: str, reason: str) -> Stop:
        """Stop all runs: none is proposed, none is approved, and none begins another step. Raises Transient."""
        ...

    def resume_all(self, by: str) -> None:
        """Let runs be proposed and act again; what was stopped stays so. Raises Transient."""

    async def page(self, query: ExecutionQuery) -> ExecutionPage:
        """A page of runs. ValueError for an unreadable cursor."""
        ...

    async def execution(self, execution_id: str) -> Execution:
        """One run. Raises NotFound."""
        ...

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
        ...

    async def approve(
        self, run_id: str, plan_hash: str, by: str, reason: str, *, roles: Sequence[str] = ()
    ) -> Execution:
        """Sign a plan. Raises NotFound, Denied, and Refused for what is not, or no longer, to be approved."""
        ...

    async def revoke(self, run_id: str, by: str, reason: str) -> Execution:
        """Take a signature back, before the run begins. Raises NotFound, Refused."""
        ...

    async def edit(self, run_id: str, by: str, parameters: Mapping[str, object], reason: str) -> Execution:
        """Have it planned anew with other inputs; what was signed is void. Raises NotFound, Refused, WrongInputs."""
        ...

    async def answer(self, run_id: str, step: int, by: str, *, goes_on: bool, reason: str) -> Execution:
        """Answer what a step asks. Raises NotFound, Refused."""
        ...

    async def reject(self, run_id: str, by: str, reason: str) -> Execution:
        """Say no to a plan. Raises NotFound, Refused."""
        ...

    async def stop(self, run_id: str, by: str, *, after_step: bool) -> Execution:
        """Stop a run, now or after the step it is at. Raises NotFound, Refused."""
        ...


class Audit(Protocol):
    """Who did what, as the API writes and reads it."""

    async def note(  # noqa: PLR0913 - one deed, whole
        self,
        actor: str,
        act: str,
        target: str,
        why: str = "",
        *,
        before: Mapping[str, object] | None = None,
        after: Mapping[str, object] | None = None,
    ) -> None:
        """Write down what was just done; durable when it returns, unless the store is in trouble for long."""

    async def page(self, query: AuditQuery) -> AuditPage:
        """A page, newest first. ValueError for an unreadable cursor."""
        ...

    async def seal(self) -> AuditSeal:
        """Up to where it was forgotten."""
        ...

    def entries(self, seq: int = 0) -> AsyncGenerator[Sequence[AuditEntry]]:
        """All from ``seq`` on, oldest first, some at a time."""
        ...

    async def verify(self, known: AuditSeal | None = None) -> Verified:
        """Compute the whole chain again."""
        ...


class Policy(Protocol):
    """The rules in force, what they decided, and how far each runbook is trusted."""

    counts: Counter[tuple[str, str]]

    @property
    def modules(self) -> Sequence[Module]:
        """The rules that are in force."""
        ...

    @property
    def digest(self) -> str:
        """Names their wording; empty when no policy is asked."""
        ...

    async def decisions(self, query: DecisionQuery) -> DecisionPage:
        """A page of what was decided. ValueError for an unreadable cursor."""
        ...

    async def try_out(self, package: str, told: Document) -> Mapping[str, object]:
        """What the rules say of a made-up document. Raises NotFound, Transient, Permanent."""
        ...

    def standing(self, runbook: Runbook) -> Standing:
        """How far a runbook is trusted, and why."""
        ...

    async def move(self, runbook: Runbook, level: Level, *, by: str, why: str) -> Standing:
        """Trust it more, where the policy lets that, or less. Raises Refused, Denied, Transient."""
        ...


class Desk(Protocol):
    """Everything REST, WebSocket and SSE need. Reads are snapshots; nothing here is a live pointer."""

    live: Live

    @property
    def loop(self) -> Loop:
        """Runbooks and their runs."""
        ...

    @property
    def audit(self) -> Audit:
        """Who did what."""
        ...

    @property
    def policy(self) -> Policy:
        """Why it was allowed."""
        ...

    is_simulated: bool
    settings: Sequence[Setting]

    def now(self) -> datetime:
        """The agent's clock, UTC."""
        ...

    def health(self) -> AgentHealth:
        """The agent's own health."""
        ...

    def fleet(self) -> Fleet:
        """Totals, with what they leave out."""
        ...

    def members(self) -> Sequence[Member]:
        """Every expected member, by name."""
        ...

    def books(self) -> Books:
        """The sum of all members' books."""
        ...

    def figures(self) -> Figures:
        """What the agent counts of itself."""
        ...

    def open_incidents(self) -> Sequence[Incident]:
        """Those open, and those resolved within the reopening window, newest first; from memory."""
        ...

    async def events(self, query: EventQuery) -> EventPage:
        """A page of stored events. ValueError for an unreadable cursor."""
        ...

    async def events_by_id(self, ids: Sequence[str]) -> Sequence[Event]:
        """The events with these ids that are stored, oldest first."""
        ...

    async def incidents(self, query: IncidentQuery) -> IncidentPage:
        """A page of incidents. ValueError for an unreadable cursor."""
        ...

    async def incident_counts(self, text: str | None) -> Sequence[IncidentCount]:
        """How many incidents are stored, or those in which ``text`` is found, by what lists are narrowed by."""
        ...

    async def incident(self, incident_id: str) -> Incident:
        """One, as stored. Raises NotFound."""
        ...

    def pods(self, cluster: str) -> Iterator[PodLine]:
        """The pods of a member as last heard of, in no order; none of one that is not watched now. Read in steps."""
        ...

    def workloads(self, cluster: str) -> Iterator[WorkloadLine]:
        """Its deployments, stateful sets and daemon sets, likewise."""
        ...

    async def changes(self, query: ChangeQuery) -> ChangePage:
        """A page of the ledger of changes. ValueError for an unreadable cursor."""
        ...

    async def changes_by_id(self, ids: Sequence[str]) -> Sequence[Change]:
        """The changes with these ids that are stored, oldest first."""
        ...

    async def series(self, query: SeriesQuery) -> SeriesPage:
        """Series of measured values. Raises Transient when they cannot be read now."""
        ...

    async def signal_counts(self, cluster: str | None) -> Mapping[str, int]:
        """How many series of each signal there are now, of one cluster or all. Raises Transient."""
        ...

    def sample_books(self) -> Mapping[str, Books]:
        """What became of the samples of each cluster, since this agent started."""
        ...

    async def suspecting(self, change_ids: Sequence[str]) -> Mapping[str, Sequence[Suspect]]:
        """What stored incidents, over or not, suspect of these changes: by incident id, newest opened first."""
        ...

    def add_cluster(self, request: ClusterRequest) -> None:
        """Watch one more cluster, from now on and after each start. Raises Refused, ConfigError."""

    def remove_cluster(self, name: str, who: str) -> None:
        """Watch a cluster no longer, and not after the next start. What is open in it is closed within a minute.

        Raises NotFound, and Refused for one that the configuration file names.
        """

    def pause_cluster(self, name: str, who: str, reason: str) -> None:
        """Ask a cluster nothing until it is resumed, nor after a start. Raises NotFound, Transient."""

    def resume_cluster(self, name: str) -> None:
        """Watch a paused cluster again. Raises NotFound, Transient."""

    def explain(self, event_id: str) -> Sequence[Stage] | None:
        """What became of an event, stage by stage; None when it is too old for that to be remembered."""

    async def silences(self, *, ended: bool) -> Sequence[Silence]:
        """Those that have not ended, newest first; with ``ended`` those that have, too."""
        ...

    async def silence(self, silence: Silence) -> None:
        """Begin a silence, durably. Raises Refused, Transient."""

    async def end_silence(self, silence_id: str, who: str) -> None:
        """End one that has not ended, durably. Raises NotFound, Transient."""

    def hushed_by(self, silence: Silence) -> Sequence[Incident]:
        """Which incidents such a silence would hush while it lasts."""
        ...

    async def act(self, act: Act) -> Incident:
        """Carry out a person's act (verbs: see ``agent.judge``) durably; the incident afterwards.

        The same key and request again answers as before and does nothing. Raises NotFound, Refused, KeyReused,
        Transient when the store cannot save it now.
        """
        ...

    async def receipt(self, key: str) -> Receipt | None:
        """What was remembered under an idempotency key within the last day. Raises Transient."""

    async def keep_receipt(self, receipt: Receipt) -> None:
        """Remember it durably. Raises Transient."""

    async def probe(self, cluster: str) -> None:
        """Ask a member now. Raises NotFound, Transient or Permanent with the reason."""
