"""Stories: a world, what happens in it, and what an agent that watches it should find. Read from YAML, strictly."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedMap

from kronveil.lab.every_move import MOVES, AnyMove
from kronveil.lab.extras import (
    GITOPS,
    AutoscalerPlan,
    BudgetPlan,
    CertificatePlan,
    Dated,
    JobPlan,
    QuotaPlan,
    SyncPlan,
    Timeless,
)
from kronveil.lab.images import Behaviour
from kronveil.lab.kinds import CUSTOM_KINDS, WORKLOADS, JsonObject, Kind
from kronveil.lab.objects import App, NodeSize
from kronveil.lab.quantities import parse_quantity
from kronveil.lab.strict_yaml import Reader, StoryError, load_yaml

__all__ = ["ClusterPlan", "Expected", "Story", "StoryError", "TimedMove", "list_stories", "load_story"]

STORIES = Path(__file__).parent / "stories"


@dataclass(frozen=True, slots=True)
class KindPlan:
    """A custom resource a cluster serves. The known ones (certificates, applications, ...) need their plural alone."""

    plural: str
    kind: str = ""
    group: str = ""
    version: str = "v1"
    namespaced: bool = True

    def made(self) -> Kind:
        """The kind."""
        if not self.kind and self.plural in CUSTOM_KINDS:
            return CUSTOM_KINDS[self.plural]
        name = self.kind or self.plural.removesuffix("s").title()
        group = self.group or "lab.example.com"
        return Kind(name, self.plural, group, self.version, self.namespaced, subresources=("status",))


@dataclass(frozen=True, slots=True)
class ClusterPlan:
    """A cluster as a story describes it."""

    name: str
    region: str
    nodes: int = 3
    version: str = "v1.37.2"
    node: NodeSize = field(default_factory=NodeSize)
    apps: tuple[App, ...] = ()
    node_grace_s: float = 40
    eviction_s: float = 300
    streaming_lists: bool = True
    full_storage: tuple[str, ...] = ()
    """Storage classes that cannot provision volumes from the start on."""
    kinds: tuple[KindPlan, ...] = ()
    jobs: tuple[JobPlan, ...] = ()
    quotas: tuple[QuotaPlan, ...] = ()
    budgets: tuple[BudgetPlan, ...] = ()
    autoscalers: tuple[AutoscalerPlan, ...] = ()
    certificates: tuple[CertificatePlan, ...] = ()
    gitops: tuple[SyncPlan, ...] = ()

    def extras(self, now: datetime) -> list[tuple[Kind, JsonObject]]:
        """Everything that is neither a node nor an app, as it is at ``now``."""
        timeless: tuple[Timeless, ...] = (*self.quotas, *self.budgets, *self.autoscalers, *self.jobs)
        dated: tuple[Dated, ...] = (*self.certificates, *self.gitops)
        return [*(item.made() for item in timeless), *(item.made(now) for item in dated)]

    def extra_namespaces(self) -> set[str]:
        """The namespaces these are in."""
        return {obj["metadata"]["namespace"] for _, obj in self.extras(datetime(2026, 1, 1, tzinfo=UTC))}


@dataclass(frozen=True, slots=True)
class TimedMove:
    """A move, when it is made (seconds of story time), and where."""

    at_s: float
    clusters: tuple[str, ...]
    move: AnyMove


@dataclass(frozen=True, slots=True)
class Expected:
    """An incident that an agent should open, and see end; times in seconds of story time, from the story's start."""

    kind: str
    cluster: str
    owner: str
    within_s: float
    recovered_within_s: float | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """One story. ``expected`` is complete: an incident that is not in it is a false one."""

    name: str
    title: str
    description: str
    clusters: tuple[ClusterPlan, ...]
    images: dict[str, Behaviour] = field(default_factory=dict[str, Behaviour])
    timeline: tuple[TimedMove, ...] = ()
    expected: tuple[Expected, ...] = ()
    duration_s: float = 0
    repeats: bool = False


def list_stories() -> list[Story]:
    """Every bundled story, by name."""
    return [load_story(path) for path in sorted(STORIES.glob("*.yaml"))]


def load_story(name_or_path: str | Path) -> Story:
    """A bundled story by name, or one from a file. Raises StoryError with every problem and its place."""
    path = Path(name_or_path)
    if path.suffix not in (".yaml", ".yml"):
        path = STORIES / f"{name_or_path}.yaml"
        if not path.is_file():
            known = ", ".join(sorted(item.stem for item in STORIES.glob("*.yaml")))
            raise StoryError(f'there is no story "{name_or_path}". There are: {known}; or name a .yaml file.')
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise StoryError(f"{path}: cannot be read: {error.strerror}") from error
    return parse_story(path, text)


def parse_story(path: Path, text: str) -> Story:
    """Read a story's YAML. Raises StoryError."""
    document = load_yaml(path, text)
    reader = Reader(path)
    parts = reader.record(
        document,
        _Top,
        {
            "world": lambda node, key: _read_world(reader, node[key]),
            "timeline": lambda node, key: _read_timeline(reader, node, key),
            "expect": lambda node, key: reader.records(node, key, Expected),
        },
    )
    if parts is not None and parts.world is not None:
        _check(reader, document, parts)
    reader.finish()
    if parts is None or parts.world is None:
        raise StoryError(f"{path.name}: the story cannot be read")
    last = max((move.at_s for move in parts.timeline), default=0.0)
    return Story(
        name=path.stem,
        title=parts.title,
        description=parts.description,
        clusters=parts.world.clusters,
        images=parts.world.images,
        timeline=tuple(sorted(parts.timeline, key=lambda move: move.at_s)),
        expected=parts.expect,
        duration_s=max(parts.duration_s, last),
        repeats=parts.repeats,
    )


@dataclass(frozen=True, slots=True)
class _World:
    clusters: tuple[ClusterPlan, ...]
    images: dict[str, Behaviour] = field(default_factory=dict[str, Behaviour])


@dataclass(frozen=True, slots=True)
class _Top:
    title: str
    description: str
    world: _World | None
    timeline: tuple[TimedMove, ...] = ()
    expect: tuple[Expected, ...] = ()
    duration_s: float = 0
    repeats: bool = False


def _read_world(reader: Reader, node: Any) -> _World | None:
    return reader.record(
        node,
        _World,
        {
            "clusters": lambda node, key: _read_clusters(reader, node, key),
            "images": lambda node, key: _read_images(reader, node, key),
        },
    )


def _read_clusters(reader: Reader, node: Any, key: str) -> tuple[ClusterPlan, ...]:
    plans = (_read_cluster(reader, item) for item in reader.sequence(node, key))
    return tuple(plan for plan in plans if plan is not None)


def _read_cluster(reader: Reader, node: Any) -> ClusterPlan | None:
    return reader.record(
        node,
        ClusterPlan,
        {
            "node": lambda node, key: reader.record(node[key], NodeSize) or NodeSize(),
            "apps": lambda node, key: reader.records(node, key, App),
            "kinds": lambda node, key: reader.records(node, key, KindPlan),
            "jobs": lambda node, key: reader.records(node, key, JobPlan),
            "quotas": lambda node, key: reader.records(node, key, QuotaPlan),
            "budgets": lambda node, key: reader.records(node, key, BudgetPlan),
            "autoscalers": lambda node, key: reader.records(node, key, AutoscalerPlan),
            "certificates": lambda node, key: reader.records(node, key, CertificatePlan),
            "gitops": lambda node, key: reader.records(node, key, SyncPlan),
        },
    )


def _read_images(reader: Reader, node: Any, key: str) -> dict[str, Behaviour]:
    images = node[key]
    if not isinstance(images, CommentedMap):
        reader.problem(node, key, "images: expected a mapping from image to behaviour")
        return {}
    return {str(image): reader.record(images[image], Behaviour) or Behaviour() for image in images}


def _read_timeline(reader: Reader, node: Any, key: str) -> tuple[TimedMove, ...]:
    moves = (_read_move(reader, item) for item in reader.sequence(node, key))
    return tuple(move for move in moves if move is not None)


def _read_move(reader: Reader, node: Any) -> TimedMove | None:
    if not isinstance(node, CommentedMap):
        reader.problem(node, None, "expected a mapping with at, clusters, do, and what the move needs")
        return None
    missing = [key for key in ("at", "clusters", "do") if key not in node]
    for key in missing:
        reader.problem(node, None, f"{key} is missing here")
    if missing:
        return None
    kind = MOVES.get(str(node["do"]))
    if kind is None:
        reader.problem(node, "do", f"do: there is no move {node['do']!r}. There are: {', '.join(MOVES)}.")
        return None
    at_s = reader.value(node, "at", float, is_duration=True)
    clusters = tuple(map(str, reader.sequence(node, "clusters")))
    rest = node.copy()
    # A copy of a mapping keeps its keys' places, but only if it is told them.
    node.copy_attributes(rest)
    for key in ("at", "clusters", "do"):
        del rest[key]
    move = reader.record(rest, kind)
    return None if move is None else TimedMove(at_s, clusters, move)


def _check(reader: Reader, document: CommentedMap, parts: _Top) -> None:
    """What only the whole tells: names that stand for nothing, quantities that are none."""
    plans = {plan.name: plan for plan in parts.world.clusters} if parts.world else {}
    if not plans:
        reader.problem(document, "world", "world.clusters: a story needs at least one cluster")
    for plan in plans.values():
        for quantity in (
            plan.node.cpu,
            plan.node.memory,
            *(text for app in plan.apps for text in (app.cpu, app.memory)),
        ):
            _check_quantity(reader, document, quantity)
        for each in plan.apps:
            _check_word(reader, document, each.kind, WORKLOADS)
        for sync in plan.gitops:
            _check_word(reader, document, sync.kind, GITOPS)
    for index, timed in enumerate(parts.timeline):
        for name in timed.clusters:
            _check_name(reader, document["timeline"], index, name, plans)
            app = getattr(timed.move, "app", None)
            if name in plans and app is not None and app not in {f"{a.namespace}/{a.name}" for a in plans[name].apps}:
                reader.problem(document["timeline"], index, f"app: there is no {app} in {name}")
    for index, expected in enumerate(parts.expect):
        _check_name(reader, document["expect"], index, expected.cluster, plans)


def _check_quantity(reader: Reader, document: CommentedMap, text: str) -> None:
    try:
        parse_quantity(text)
    except ValueError:
        reader.problem(document, "world", f'world: "{text}" is not a quantity. Write 250m, 2, 512Mi or 4Gi.')


def _check_word(reader: Reader, document: CommentedMap, kind: str, known: dict[str, Kind]) -> None:
    if kind not in known:
        reader.problem(document, "world", f'world: there is no kind "{kind}" here. There are: {", ".join(known)}.')


def _check_name(reader: Reader, node: Any, index: int, name: str, plans: dict[str, ClusterPlan]) -> None:
    if name not in plans:
        reader.problem(node, index, f'there is no cluster "{name}". There are: {", ".join(plans)}.')
