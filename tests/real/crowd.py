"""Many pods in one cluster, and what the agent must make of them: the right totals, and one incident for one fault."""

from collections.abc import Sequence

import anyio

from . import scenes
from .api_client import ApiClient
from .running_agent import Found, RunningAgent
from .servers import KubeCluster
from .waiting import eventually, stays


async def gather(api: ApiClient, space: str, names: Sequence[str], *, replicas: int, within_s: float) -> None:
    """Run these deployments, and return when each pod of each is available."""
    for name in names:
        await api.create(scenes.deployment(name, space, replicas=replicas))
    for name in names:
        await scenes.becomes_available(api, name, space, within_s=within_s)


async def disperse(api: ApiClient, space: str, names: Sequence[str], *, within_s: float) -> None:
    """Delete them with their pods, and return when none is left."""
    for name in names:
        await api.delete("Deployment", name, space)

    async def is_empty() -> bool:
        return not await api.list("Pod", space)

    await eventually(is_empty, f"no pod is left in {space}", within_s=within_s, every_s=0.5)


async def one_fault_is_one_incident(
    agent: RunningAgent, cluster: KubeCluster, space: str, name: str, *, within_s: float
) -> Found:
    """Give a deployment of many pods an image that cannot be pulled, and take it back."""
    api = cluster.api
    await api.patch("Deployment", name, scenes.failing("image"), space)

    async def opened() -> list[Found]:
        return await agent.incidents_in(space)

    await eventually(opened, f"an incident of {space}/{name}", within_s=within_s)
    broken = 0

    async def all_have_failed() -> bool:
        nonlocal broken
        pods = await scenes.pods_of(api, name, space)
        waiting = [scenes.container_state(pod).get("state", {}).get("waiting") for pod in pods]
        broken = sum(1 for state in waiting if state)
        return broken > 1 and all(state is not None or _is_ready(pod) for state, pod in zip(waiting, pods, strict=True))

    await eventually(all_have_failed, f"every new pod of {name} has failed to pull", within_s=within_s, every_s=0.5)

    async def only_one() -> bool:
        found = await agent.incidents_in(space)
        return [(item["status"], item["family"], item["resource"]["name"]) for item in found] == [
            ("open", "image", name)
        ]

    await stays(only_one, f"{broken} broken pods of {name} are one incident", for_s=5)
    [found] = await agent.incidents_in(space)
    await api.patch("Deployment", name, scenes.failing(None), space)
    await scenes.becomes_available(api, name, space, within_s=within_s)

    async def is_over() -> bool:
        again = await agent.incidents_in(space)
        return [(item["id"], item["status"]) for item in again] == [(found["id"], "resolved")]

    await eventually(is_over, "the one incident is resolved", within_s=within_s)
    return found


async def a_crowd_is_counted(
    agent: RunningAgent, cluster: KubeCluster, space: str, *, deployments: int, replicas: int, within_s: float
) -> None:
    """The whole story: they come, are counted, one deployment fails and heals, and they go."""
    names = [f"{space}-{index}" for index in range(deployments)]
    await gather(cluster.api, space, names, replicas=replicas, within_s=within_s)
    await eventually(lambda: agent.counts_right(cluster), "totals are the API server's", within_s=within_s)
    assert (await agent.cluster(cluster.name))["pods"] >= deployments * replicas
    await one_fault_is_one_incident(agent, cluster, space, names[deployments // 2], within_s=within_s)
    await eventually(lambda: agent.counts_right(cluster), "totals are right after the fault", within_s=within_s)
    with anyio.CancelScope(shield=True):
        await disperse(cluster.api, space, names, within_s=within_s)
    await eventually(lambda: agent.counts_right(cluster), "totals are right when they are gone", within_s=within_s)


def _is_ready(pod: Found) -> bool:
    return scenes.condition(pod, "Ready") == "True"
