"""Who is asked what pods and nodes use: metrics.k8s.io, and the kubelets where the operator allows that."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import anyio

from kronveil.collectors.kubernetes.connect import Connection
from kronveil.collectors.kubernetes.trouble import ForbiddenError, SourceError, TooLargeError

METRICS_API = "metrics.k8s.io"
KUBELETS = "kubelet"
PATH = f"/apis/{METRICS_API}/v1beta1"
LONGEST_ANSWER = 32 * 1024 * 1024
"""Of everything that one reading of a cluster brings."""
AT_ONCE = 8
KUBELET_TIMEOUT_S = 10.0


@dataclass(slots=True)
class Answers:
    """What a source answered, not decoded yet; ``reason`` names what is missing of it."""

    source: str
    pods: list[bytes] = field(default_factory=list[bytes])
    nodes: bytes | None = None
    summaries: list[bytes] = field(default_factory=list[bytes])
    reason: str | None = None


async def ask_metrics_api(connection: Connection, namespaces: Sequence[str | None]) -> Answers:
    """The lists of pods, and that of nodes if it is to be had. Raises SourceError when there are none of pods."""
    answers = Answers(METRICS_API)
    for each in namespaces:
        path = f"{PATH}/namespaces/{each}/pods" if each else f"{PATH}/pods"
        answers.pods.append(await connection.get(path, longest=LONGEST_ANSWER))
    try:
        answers.nodes = await connection.get(f"{PATH}/nodes", longest=LONGEST_ANSWER)
    except SourceError as error:
        answers.reason = f"nodes: {error}"
    return answers


async def ask_kubelets(connection: Connection, nodes: Sequence[str]) -> Answers:
    """The summary of each node's kubelet, a few at a time. Raises SourceError when none answers."""
    answers = Answers(KUBELETS)
    failures: list[SourceError] = []
    at_once = anyio.CapacityLimiter(AT_ONCE)

    async def ask(node: str) -> None:
        path = f"/api/v1/nodes/{node}/proxy/stats/summary"
        async with at_once:
            left = LONGEST_ANSWER - sum(map(len, answers.summaries))
            try:
                answers.summaries.append(await connection.get(path, timeout_s=KUBELET_TIMEOUT_S, longest=max(left, 0)))
            except TooLargeError:
                words = f"the summaries of all kubelets are longer than {LONGEST_ANSWER // 2**20} MiB"
                failures.append(TooLargeError(words))
            except SourceError as error:
                failures.append(error)

    async with anyio.create_task_group() as tasks:
        for node in nodes:
            tasks.start_soon(ask, node)
    if failures and not answers.summaries:
        raise _told(failures[0])
    if failures:
        answers.reason = f"{len(failures)} of {len(nodes)} kubelets: {failures[0]}"
    return answers


def _told(error: SourceError) -> SourceError:
    if isinstance(error, ForbiddenError):
        return ForbiddenError(f"{error}. Allow get on nodes/proxy, or leave kubelet_summary out")
    return error
