"""What the clusters hold now: pods and workloads, from what the collectors keep; no cluster is asked for it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query, Response

from kronveil.agent.desk import Desk, NotFound
from kronveil.api.asking import DeskHere, json_answer
from kronveil.api.asks import PodFilter, WorkloadFilter
from kronveil.api.problems import not_valid
from kronveil.api.routes.declared import refusals
from kronveil.api.routes.fleet import coverage
from kronveil.api.shapes import inventory as shapes
from kronveil.api.wording import resource_shape
from kronveil.api.worst_first import Place, Worst, worst_first
from kronveil.model.fleet import Member
from kronveil.model.inventory import PodLine, WorkloadLine

router = APIRouter(tags=["fleet"])
Line = TypeVar("Line", PodLine, WorkloadLine)
_WORKLOAD_KINDS = ("deployments", "statefulsets", "daemonsets")


@router.get("/pods", response_model=shapes.PodList, responses=refusals())
async def list_pods(desk: DeskHere, asked: Annotated[PodFilter, Query()]) -> Response:
    """Pods as they were last heard of, the worst first."""
    members = _chosen(desk, asked.cluster)
    page = await _page(_pods(desk, members, asked), asked.limit, asked.cursor)
    items = [_pod(cluster, line) for cluster, line in page.items]
    complete, missing = coverage(desk, asked.cluster)
    total = page.total if complete and all(_has_listed(each, ("pods",)) for each in members) else None
    return json_answer(shapes.PodList(items, page.next_cursor, complete, missing, total))


@router.get("/workloads", response_model=shapes.WorkloadList, responses=refusals())
async def list_workloads(desk: DeskHere, asked: Annotated[WorkloadFilter, Query()]) -> Response:
    """Deployments, stateful sets and daemon sets as they were last heard of, the worst first."""
    members = _chosen(desk, asked.cluster)
    page = await _page(_workloads(desk, members, asked), asked.limit, asked.cursor)
    items = [_workload(cluster, line) for cluster, line in page.items]
    complete, missing = coverage(desk, asked.cluster)
    total = page.total if complete and all(_has_listed(each, _WORKLOAD_KINDS) for each in members) else None
    return json_answer(shapes.WorkloadList(items, page.next_cursor, complete, missing, total))


def _chosen(desk: Desk, cluster: str | None) -> list[Member]:
    """The one asked for, or all; of one cluster under two names only the first, as in the fleet's totals."""
    return [each for each in desk.members() if cluster == each.name or (cluster is None and each.same_as is None)]


def _has_listed(member: Member, kinds: Sequence[str]) -> bool:
    """A kind that is not watched there, or that the cluster does not serve, hides nothing."""
    known = [member.standing.kinds[name] for name in kinds if name in member.standing.kinds]
    return bool(known) and all(kind.count is not None or not kind.is_served for kind in known)


async def _page(lines: Iterator[tuple[str, Line]], limit: int, cursor: str | None) -> Worst[tuple[str, Line]]:
    try:
        return await worst_first(lines, _place_of, limit=limit, after=cursor)
    except ValueError:
        raise not_valid(["query", "cursor"], "This is not a cursor of this list") from None


def _place_of(placed: tuple[str, PodLine | WorkloadLine]) -> Place:
    cluster, line = placed
    what = line.resource
    return -line.trouble, cluster, what.namespace or "", what.kind, what.name, what.uid


def _pods(desk: Desk, members: Sequence[Member], asked: PodFilter) -> Iterator[tuple[str, PodLine]]:
    words = (asked.q or "").casefold()
    for member in members:
        for line in _held(desk.pods, member.name):
            owner = line.owner.name if line.owner else ""
            what = line.resource
            if (
                asked.namespace in (None, what.namespace)
                and asked.node in (None, line.node)
                and asked.owner in (None, owner)
                and _says(words, what.name, what.namespace, line.node, owner, line.reason)
            ):
                yield member.name, line


def _workloads(desk: Desk, members: Sequence[Member], asked: WorkloadFilter) -> Iterator[tuple[str, WorkloadLine]]:
    words = (asked.q or "").casefold()
    for member in members:
        for line in _held(desk.workloads, member.name):
            what = line.resource
            if (
                asked.namespace in (None, what.namespace)
                and asked.kind in (None, what.kind)
                and _says(words, what.name, what.namespace, what.kind, line.reason)
            ):
                yield member.name, line


def _held(read: Callable[[str], Iterator[Line]], cluster: str) -> Iterator[Line]:
    try:
        yield from read(cluster)
    except NotFound:
        # Removed while an earlier cluster was read.
        return


def _says(words: str, *texts: str | None) -> bool:
    return not words or any(words in text.casefold() for text in texts if text)


def _pod(cluster: str, line: PodLine) -> shapes.Pod:
    what = line.resource
    return shapes.Pod(
        cluster=cluster,
        namespace=what.namespace,
        name=what.name,
        uid=what.uid or None,
        node=line.node or None,
        owner=None if line.owner is None else resource_shape(line.owner),
        phase=line.phase,
        ready=line.ready,
        restarts=line.restarts,
        reason=line.reason or None,
        message=line.message,
        trouble=int(line.trouble),
    )


def _workload(cluster: str, line: WorkloadLine) -> shapes.Workload:
    what = line.resource
    return shapes.Workload(
        cluster=cluster,
        kind=what.kind,
        namespace=what.namespace,
        name=what.name,
        uid=what.uid or None,
        desired=line.desired,
        available=line.available,
        updated=line.updated,
        reason=line.reason or None,
        message=line.message,
        trouble=int(line.trouble),
    )
