"""A desk whose whole agent is a few lists in memory: real nouns, the real live stream, no store and no collector."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from kronveil.agent.desk import Act, AgentHealth, ClusterRequest, Figures, KeyReused, NotFound, Refused, Setting
from kronveil.agent.governing import Governor
from kronveil.agent.latency import LatencyHistogram
from kronveil.agent.live import Live
from kronveil.api import encode_item
from kronveil.logic.calendar import Calendar
from kronveil.logic.response import Bounds as LoopBounds
from kronveil.model.change import Change, Suspect
from kronveil.model.event import Event, Severity
from kronveil.model.facts import FieldChange
from kronveil.model.fleet import Books, ClusterState, Fleet, KindStanding, Member, Missing, Pause, Reason, Standing
from kronveil.model.health import ComponentHealth, HealthStatus, PartKind
from kronveil.model.incident import ClusterRef, Incident, IncidentStatus, Moment
from kronveil.model.inventory import PodLine, Trouble, WorkloadLine
from kronveil.model.resource import Origin, Resource
from kronveil.model.signal import Bounds, SignalStanding, SourceState, SubjectKind
from kronveil.model.silence import Silence
from kronveil.sdk.errors import Transient
from kronveil.sdk.policy import PolicyEngine
from kronveil.sdk.secret import Secret
from kronveil.sdk.signals import Series, SeriesKey, SeriesPage, SeriesQuery
from kronveil.sdk.storage import (
    ChangePage,
    ChangeQuery,
    EventPage,
    EventQuery,
    IncidentCount,
    IncidentPage,
    IncidentQuery,
    Receipt,
)
from tests.api.plain_audit import PlainAudit, PlainEngine, PlainRecord
from tests.api.plain_loop import PlainLoop

NOON = datetime(2026, 11, 25, 12, 0, 0, 123456, tzinfo=UTC)


def event(number: int, *, cluster: str = "east", severity: Severity = Severity.HIGH, kind: str = "pod.oom_killed"):
    return Event(
        id=f"ev-{number:05d}",
        kind=kind,
        severity=severity,
        at=NOON + timedelta(seconds=number),
        received_at=NOON + timedelta(seconds=number, milliseconds=40),
        origin=Origin("kubernetes", cluster, f"uid-{cluster}", "eu-west-1"),
        resource=Resource("Pod", f"payments-{number}", "shop", f"pod-{number}"),
        message="out of memory",
        attributes={"container": "app", "exit_code": 137, "limit": None, "ready": False},
    )


def incident(number: int, *, cluster: str = "east", severity: Severity = Severity.HIGH, **changes):
    opened = Moment(NOON, "opened", "Memory ran out in payments", event_id="ev-00001")
    whole = Incident(
        id=f"inc-{number}",
        key=f"key-{number}",
        kind="pod.oom_killed",
        family="memory",
        title="Memory ran out in payments",
        severity=severity,
        status=IncidentStatus.OPEN,
        cluster=ClusterRef(f"uid-{cluster}", cluster, "eu-west-1"),
        resource=Resource("Deployment", "payments", "shop"),
        opened_at=NOON + timedelta(seconds=number),
        updated_at=NOON + timedelta(seconds=number),
        event_count=12,
        evidence=("ev-00001", "ev-00002"),
        timeline=(opened,),
    )
    return replace(whole, **changes)


def change(number: int, *, cluster: str = "east", kind: str = "image", name: str = "payments"):
    return Change(
        id=f"chg-{number}",
        kind=kind,
        at=NOON + timedelta(seconds=number),
        received_at=NOON + timedelta(seconds=number, milliseconds=40),
        origin=Origin("kubernetes", cluster, f"uid-{cluster}", "eu-west-1"),
        resource=Resource("Deployment", name, "shop"),
        summary=f"image of {name}: 1.4.0 -> 1.5.0",
        fields=(FieldChange("image", "spec.template.spec.containers[app].image", "shop/pay:1.4.0", "shop/pay:1.5.0"),),
        actor="kubectl-client-side-apply" if number % 2 else "",
    )


def suspect(number: int, score: float = 0.82):
    return Suspect(f"chg-{number}", "image of payments: 1.4.0 -> 1.5.0", score, ("43 s before",), ("ev-00001",))


def member(name: str, state: ClusterState = ClusterState.LIVE, **changes):
    heard = NOON - timedelta(seconds=2)
    standing = Standing(
        uid=f"uid-{name}",
        region="eu-west-1",
        version="v1.36.1",
        heard_at=heard,
        pods=41,
        nodes=3,
        kinds={"pods": KindStanding(synced=True, count=41, heard_at=heard), "events": KindStanding(error="forbidden")},
    )
    standing = replace(
        standing, signals=SignalStanding(SourceState.SERVED, "metrics.k8s.io", None, heard, interval_s=60.0)
    )
    if state is ClusterState.UNKNOWN:
        standing = Standing()
    books = Books(received=100, delivered=20, merged=79, in_flight=0, dropped={"invalid": 1})
    whole = Member(name, state, standing, NOON, "eu-west-1", books=books, silent_after=timedelta(minutes=5))
    return replace(whole, **changes)


def pod(number: int, trouble: Trouble = Trouble.NONE, **changes):
    reason = "" if trouble is Trouble.NONE else "CrashLoopBackOff"
    owner = Resource("Deployment", "payments", "shop")
    what = Resource("Pod", f"payments-{number:03d}", "shop", f"pod-{number}")
    return replace(PodLine(what, owner, trouble, "Running", "node-1", ready=not trouble, reason=reason), **changes)


def workload(name: str, trouble: Trouble = Trouble.NONE):
    return WorkloadLine(Resource("Deployment", name, "shop", f"uid-{name}"), trouble, 3, 3 - trouble // 2, 3)


def silence(**changes):
    whole = Silence("quiet", NOON, NOON + timedelta(hours=2), "ada", "node pool upgrade", cluster="east")
    return replace(whole, **changes)


def measured_series(number: int, **changes):
    """Of one container, once a minute for an hour before noon, with a hole of ten minutes in it."""
    noon = int(NOON.timestamp())
    times = [noon - 60 * minute for minute in range(60, 0, -1) if not 20 < minute <= 30]
    points = [(at, 2.0**20 * (at - noon + 7200)) for at in times]
    key = SeriesKey("east", SubjectKind.CONTAINER, "shop", f"payments-{number}", "app", "container.memory.working_set")
    bounds = Bounds(memory_request=2.0**28, memory_limit=2.0**29)
    return replace(Series(key, points, points[-1], 60.0, "node-1", "Deployment", "payments", bounds), **changes)


@dataclass(frozen=True, slots=True)
class Told:
    """A stage, as ``agent.desk.Stage`` wants it."""

    name: str
    result: str
    reason: str
    refs: tuple[str, ...] = ()


class PlainDesk:
    """Fulfils ``kronveil.agent.desk.Desk``. Tests set its lists and moods."""

    def __init__(self, *, epoch: str = "epoch-1", replayable: int = 1000) -> None:
        self.live = Live(epoch, encode_item, replayable=replayable)
        self.is_simulated = False
        self.settings: Sequence[Setting] = [
            Setting("agent.log_level", "debug", "info", "environment KRONVEIL__AGENT__LOG_LEVEL"),
            Setting("api.bootstrap_token", Secret("hush-hush"), None, "kronveil.yaml:3"),
            Setting("incidents.resolve_after", timedelta(seconds=90), timedelta(minutes=1), "kronveil.yaml:9"),
        ]
        self.stored: list[Event] = []
        self.known: dict[str, Incident] = {}
        self.ledger: list[Change] = []
        self.past_suspects: dict[str, Sequence[Suspect]] = {}
        self.fleet_members: list[Member] = [member("east"), member("west", ClusterState.UNKNOWN)]
        self.status = HealthStatus.HEALTHY
        self.store_is_down = False
        self.silent: set[str] = set()
        self.receipts: dict[str, Act] = {}
        self.remembered: dict[str, Receipt] = {}
        self.acts: list[Act] = []
        self.measured = [measured_series(number) for number in range(3)]
        self.series_asked: list[SeriesQuery] = []
        self.requests: list[ClusterRequest] = []
        self.told: dict[str, Sequence[Told]] = {"ev-00001": (Told("dedup", "new", "Nothing like it was seen", ("x",)),)}
        self.hushes: dict[str, Silence] = {"quiet": silence()}
        self.loop = PlainLoop(lambda: self.known, self.now)
        self.record = PlainRecord(self._ask_store)
        self.audit = PlainAudit(self.record, self.now)
        self.engine: PolicyEngine | None = PlainEngine()
        self.policy = Governor(
            self.engine,
            Calendar(),
            self.record,  # type: ignore[arg-type]  # as much of a store as it asks
            self.now,
            bounds=lambda: LoopBounds(live=True),
            effects=self.loop.effects,
        )
        self.held_pods: dict[str, list[PodLine]] = {"east": [pod(1), pod(2, Trouble.BROKEN)]}
        self.held_workloads: dict[str, list[WorkloadLine]] = {"east": [workload("payments"), workload("cart")]}

    def now(self) -> datetime:
        return NOON + timedelta(minutes=2, seconds=30)

    def health(self) -> AgentHealth:
        store = ComponentHealth("store", PartKind.STORE, self.status, "writable", NOON, NOON)
        kubernetes = ComponentHealth(
            "kubernetes", PartKind.COLLECTOR, HealthStatus.HEALTHY, "2 of 2 clusters answer", NOON
        )
        return AgentHealth(self.status, (store, kubernetes), timedelta(minutes=2, seconds=30))

    def fleet(self) -> Fleet:
        heard = [each for each in self.fleet_members if each.standing.heard_at is not None]
        missing = tuple(
            Missing(each.name, "never heard from", None) for each in self.fleet_members if each not in heard
        )
        states = {state: sum(each.state is state for each in self.fleet_members) for state in ClusterState}
        pods = sum(each.standing.pods or 0 for each in heard) if heard else None
        nodes = sum(each.standing.nodes or 0 for each in heard) if heard else None
        return Fleet(len(self.fleet_members), states, pods, nodes, len(self.stored), not missing, missing)

    def figures(self) -> Figures:
        latency = LatencyHistogram()
        latency.note("evt_1", 0.02)
        return Figures(queue_depth=3, incidents_opened=7, latencies=latency.read())

    def members(self) -> Sequence[Member]:
        return self.fleet_members

    def books(self) -> Books:
        return Books(received=200, delivered=40, merged=158, in_flight=1, dropped={"invalid": 1})

    def open_incidents(self) -> Sequence[Incident]:
        return sorted(self.known.values(), key=lambda each: each.opened_at, reverse=True)

    def _ask_store(self) -> None:
        if self.store_is_down:
            raise Transient("the store cannot be read now: disk I/O error", retry_after=timedelta(seconds=5))

    async def events(self, query: EventQuery) -> EventPage:
        self._ask_store()
        before = len(self.stored) if query.before is None else int(query.before)
        wanted = [
            (place, each)
            for place, each in enumerate(self.stored[:before])
            if (query.since is None or each.at >= query.since)
            and query.cluster in (None, each.origin.cluster_name)
            and query.kind in (None, each.kind)
            and query.severity in (None, each.severity)
        ][::-1]
        page = wanted[: query.limit]
        return EventPage(tuple(each for _, each in page), str(page[-1][0]) if len(wanted) > len(page) else None)

    async def events_by_id(self, ids: Sequence[str]) -> Sequence[Event]:
        self._ask_store()
        return [each for each in self.stored if each.id in ids]

    async def incidents(self, query: IncidentQuery) -> IncidentPage:
        self._ask_store()
        skip = 0 if query.before is None else int(query.before)
        wanted = [
            each
            for each in self.open_incidents()
            if (not query.statuses or each.status in query.statuses)
            and (not query.severities or each.severity in query.severities)
            and query.cluster in (None, each.cluster.name)
            and (query.text or "").casefold() in f"{each.title} {each.id}".casefold()
        ]
        end = skip + query.limit
        return IncidentPage(tuple(wanted[skip:end]), str(end) if end < len(wanted) else None)

    async def incident_counts(self, text: str | None) -> Sequence[IncidentCount]:
        found = (await self.incidents(IncidentQuery(limit=len(self.known) + 1, text=text))).items
        alike = Counter((each.status, each.severity, each.cluster.name) for each in found)
        return [IncidentCount(*key, count) for key, count in alike.items()]

    def pods(self, cluster: str) -> Iterator[PodLine]:
        return iter(self.held_pods.get(cluster, ()))

    def workloads(self, cluster: str) -> Iterator[WorkloadLine]:
        return iter(self.held_workloads.get(cluster, ()))

    async def incident(self, incident_id: str) -> Incident:
        self._ask_store()
        if incident_id not in self.known:
            raise NotFound(f"There is no incident {incident_id!r}.")
        return self.known[incident_id]

    async def changes(self, query: ChangeQuery) -> ChangePage:
        self._ask_store()
        before = len(self.ledger) if query.before is None else int(query.before)
        wanted = [
            (place, each)
            for place, each in enumerate(self.ledger[:before])
            if query.cluster in (None, each.origin.cluster_name)
            and query.kind in (None, each.kind)
            and query.namespace in (None, each.resource.namespace)
            and query.name in (None, each.resource.name)
            and (query.around is None or abs(each.at - query.around) <= query.within)
        ][::-1]
        page = wanted[: query.limit]
        return ChangePage(tuple(each for _, each in page), str(page[-1][0]) if len(wanted) > len(page) else None)

    async def changes_by_id(self, ids: Sequence[str]) -> Sequence[Change]:
        self._ask_store()
        return [each for each in self.ledger if each.id in ids]

    async def suspecting(self, change_ids: Sequence[str]) -> Mapping[str, Sequence[Suspect]]:
        self._ask_store()
        chosen = {key: [each for each in of if each.change_id in change_ids] for key, of in self.past_suspects.items()}
        return {key: of for key, of in chosen.items() if of}

    async def act(self, act: Act) -> Incident:
        held = await self.incident(act.incident_id)
        if act.key is not None and act.key in self.receipts:
            if self.receipts[act.key] != act:
                raise KeyReused(f"The key {act.key!r} was used for another request.")
            return held
        if held.status is IncidentStatus.RESOLVED:
            raise Refused("It is resolved already.")
        changed = replace(held, version=held.version + 1)
        match act.verb:
            case "acknowledge":
                changed = replace(changed, status=IncidentStatus.ACKNOWLEDGED, acknowledged_by=act.actor)
            case "resolve":
                changed = replace(changed, status=IncidentStatus.RESOLVED)
            case "assign":
                changed = replace(changed, assigned_to=act.reason or None)
            case "merge":
                changed = replace(changed, children=act.others)
        self.known[held.id] = changed
        self.acts.append(act)
        if act.key is not None:
            self.receipts[act.key] = act
        self.live.publish("incident", [changed], self.now())
        return changed

    def add_cluster(self, request: ClusterRequest) -> None:
        if any(each.name == request.name for each in self.fleet_members):
            raise Refused(f"a cluster named {request.name} is watched already")
        self.requests.append(request)
        self.fleet_members.append(member(request.name, ClusterState.UNKNOWN))

    def remove_cluster(self, name: str, who: str) -> None:
        if name not in {request.name for request in self.requests}:
            raise Refused(f"{name} is named in the configuration file")
        self.fleet_members = [each for each in self.fleet_members if each.name != name]

    def pause_cluster(self, name: str, who: str, reason: str) -> None:
        self._say_of(name, why=f"paused by {who}: {reason}", reason=Reason.PAUSED, pause=Pause(who, self.now(), reason))

    def resume_cluster(self, name: str) -> None:
        self._say_of(name, why=None, reason=None, pause=None)

    def _say_of(self, name: str, **changes) -> None:
        self.fleet_members = [replace(each, **changes) if each.name == name else each for each in self.fleet_members]

    def explain(self, event_id: str) -> Sequence[Told] | None:
        return self.told.get(event_id)

    async def silences(self, *, ended: bool) -> Sequence[Silence]:
        self._ask_store()
        return [each for each in self.hushes.values() if ended or each.ends_at > self.now()]

    async def silence(self, silence: Silence) -> None:
        self._ask_store()
        self.hushes[silence.id] = silence

    async def end_silence(self, silence_id: str, who: str) -> None:
        self._ask_store()
        self.hushes[silence_id] = replace(self.hushes[silence_id], ends_at=self.now())

    def hushed_by(self, silence: Silence) -> Sequence[Incident]:
        return [each for each in self.open_incidents() if silence.cluster in ("", each.cluster.name)]

    async def receipt(self, key: str) -> Receipt | None:
        self._ask_store()
        return self.remembered.get(key)

    async def keep_receipt(self, receipt: Receipt) -> None:
        self._ask_store()
        self.remembered[receipt.key] = receipt

    async def series(self, query: SeriesQuery) -> SeriesPage:
        self._ask_store()
        self.series_asked.append(query)
        found = [each for each in self.measured if query.after is None or each.key.name > query.after.name]
        return SeriesPage(tuple(found[: query.limit]), len(found) > query.limit, is_truncated=False)

    async def signal_counts(self, cluster: str | None) -> dict[str, int]:
        self._ask_store()
        return {"pod.memory.working_set": len(self.measured)}

    def sample_books(self) -> dict[str, Books]:
        return {"east": Books(received=5, delivered=3, merged=1, dropped={"too old": 1})}

    async def probe(self, cluster: str) -> None:
        if cluster in self.silent:
            raise Transient("connection refused 10.1.0.1:6443")

    def tell(self, *events: Event) -> None:
        """What the pipeline does: stored first, then published."""
        self.stored.extend(events)
        self.live.publish("event", events, self.now())
