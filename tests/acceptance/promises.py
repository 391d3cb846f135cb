"""What must be true of every agent that watched a cluster, whatever happened to either."""

from collections import Counter
from collections.abc import Awaitable, Callable

from kronveil.lab import LabCluster
from tests.acceptance.agents import Agent
from tests.acceptance.world import warnings_of


def all_told(agent: Agent, name: str, cluster: LabCluster) -> Callable[[], Awaitable[bool]]:
    """Ask whether each Warning event of the load is an event of the agent, exactly once."""

    async def is_so() -> bool:
        events = await agent.everything("events", cluster=name, kind="kubernetes.warning")
        ids = Counter(each["id"] for each in events)
        assert [one for one, times in ids.items() if times > 1] == []
        told = Counter(each["message"] for each in events if each["resource"]["name"].startswith("pod-"))
        wanted = Counter(
            f"{each['reason']}: {each['message']}" for each in warnings_of(cluster) if "probe" in each["message"]
        )
        assert told - wanted == Counter()
        return told == wanted

    return is_so
