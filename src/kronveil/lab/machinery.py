"""What every controller of a simulated cluster works with: its world, its timers, its event recorder, its indices."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import timedelta

from kronveil.lab.images import Registry
from kronveil.lab.kinds import JOB, NODE, POD, REPLICASET, Kind
from kronveil.lab.objects import is_active, is_ready, owner_of
from kronveil.lab.recorder import Recorder
from kronveil.lab.timers import Timers
from kronveil.lab.world import Change, Key, Record, World


@dataclass(slots=True)
class Tally:
    """How many of an owner's pods count, and how many of those are ready."""

    active: int = 0
    ready: int = 0

    def add(self, pod: Record, sign: int) -> None:
        """Count a pod in or out."""
        if is_active(pod.obj):
            self.active += sign
            self.ready += sign * is_ready(pod.obj)


class Machinery:
    """One cluster's world and the means to act on it later.

    ``speed`` shortens every wait and leaves timestamps honest: at 4, a back-off of 10 s lasts 2.5 s.
    """

    def __init__(self, world: World, registry: Registry, *, speed: float = 1.0) -> None:
        self.world = world
        self.registry = registry
        self.speed = world.speed = speed
        self.timers = Timers()
        self.recorder = Recorder(world, self.timers)
        self.queue: dict[tuple[str, Key], None] = {}
        """What controllers have to look at, by the controller's name, in order."""
        self.stopped_nodes: set[str] = set()
        self.storage_out: set[str] = set()
        """Storage classes that cannot provision volumes now."""
        self.mounts_out: set[str] = set()
        """Storage classes whose volumes cannot be attached now."""
        self.has_metrics = True
        """Whether the cluster's metrics API answers."""
        self.loads: dict[Key, float] = {}
        """The declared load of each autoscaler's target, in percent of what one pod asks for."""
        self.jobs_by_owner: dict[str, dict[Key, None]] = {}
        self.pods_by_owner: dict[str, dict[Key, None]] = {}
        self.pods_by_node: dict[str, dict[Key, None]] = {}
        self.sets_by_owner: dict[str, dict[Key, None]] = {}
        self._tallies: dict[str, Tally] = {}

    def wake(self, controller: str, key: Key) -> None:
        """Let a controller look at an object."""
        self.queue[controller, key] = None

    def after(self, name: Hashable, seconds: float, act: Callable[[], None]) -> None:
        """Call ``act`` after so many seconds of story time; an earlier timer of that name is replaced."""
        self.timers.set(name, self.world.now + timedelta(seconds=seconds / self.speed), act)

    def records(self, kind: Kind, keys: dict[Key, None] | None) -> list[Record]:
        """The records behind the keys of an index."""
        found = (self.world.find(kind, key) for key in keys or ())
        return [record for record in found if record is not None]

    def pods_of(self, owner_uid: str) -> list[Record]:
        """The pods a controller owns."""
        return self.records(POD, self.pods_by_owner.get(owner_uid))

    def tally(self, owner_uid: str) -> Tally:
        """The counts of an owner's pods, kept with each change: an owner of thousands costs no more than one of two."""
        return self._tallies.get(owner_uid) or Tally()

    def pods_on(self, node: str) -> list[Record]:
        """The pods bound to a node."""
        return self.records(POD, self.pods_by_node.get(node))

    def sets_of(self, deployment_uid: str) -> list[Record]:
        """The replica sets of a deployment, oldest first."""
        return self.records(REPLICASET, self.sets_by_owner.get(deployment_uid))

    def jobs_of(self, cronjob_uid: str) -> list[Record]:
        """The jobs of a cron job."""
        return self.records(JOB, self.jobs_by_owner.get(cronjob_uid))

    def nodes(self) -> list[Record]:
        """Every node."""
        return self.world.list(NODE)

    def index(self, change: Change) -> None:
        """Keep the indices in step with a change."""
        if change.record.kind is POD:
            self._index_pod(change)
        elif change.record.kind is REPLICASET:
            self._file(self.sets_by_owner, change, _owner_uid)
        elif change.record.kind is JOB:
            self._file(self.jobs_by_owner, change, _owner_uid)

    def _index_pod(self, change: Change) -> None:
        self._file(self.pods_by_owner, change, _owner_uid)
        self._file(self.pods_by_node, change, _node_name)
        for record, sign in ((change.previous, -1), (None if change.type == "DELETED" else change.record, 1)):
            owner = _owner_uid(record) if record else None
            if record and owner:
                self._tallies.setdefault(owner, Tally()).add(record, sign)
        if change.type == "DELETED" and (owner := _owner_uid(change.record)) not in self.pods_by_owner and owner:
            self._tallies.pop(owner, None)

    def _file(
        self, index: dict[str, dict[Key, None]], change: Change, shelf_of: Callable[[Record], str | None]
    ) -> None:
        before = shelf_of(change.previous) if change.previous else None
        after = None if change.type == "DELETED" else shelf_of(change.record)
        if before == after:
            return
        if before is not None:
            kept = index[before]
            kept.pop(change.record.key, None)
            if not kept:
                del index[before]
        if after is not None:
            index.setdefault(after, {})[change.record.key] = None


def _owner_uid(record: Record) -> str | None:
    owner = owner_of(record.obj)
    return owner["uid"] if owner else None


def _node_name(record: Record) -> str | None:
    name: str | None = record.obj["spec"].get("nodeName")
    return name
