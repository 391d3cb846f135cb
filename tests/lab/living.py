"""A small living cluster on virtual time, and what tests ask of it."""

from datetime import UTC, datetime, timedelta

from kronveil.lab import App, Behaviour, ClusterPlan, NodeSize, Story
from kronveil.lab.kinds import DEPLOYMENT, EVENT, POD, JsonObject
from kronveil.lab.population import populate
from kronveil.lab.simulation import Simulation

START = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)
GOOD, BETTER = "registry.test/shop/api:1.0.0", "registry.test/shop/api:1.1.0"
BAD, LEAKY, CRASHING = (
    "registry.test/shop/api:1.2.0-typo",
    "registry.test/shop/api:1.3.0",
    "registry.test/shop/api:1.4.0",
)
API = App("shop", "api", GOOD, replicas=4, cpu="200m", memory="256Mi")


def story(*, nodes: int = 3, node: NodeSize | None = None, apps: tuple[App, ...] = (API,)) -> Story:
    """A story without a timeline: one cluster, one app."""
    plan = ClusterPlan("east", "us-east-1", nodes=nodes, node=node or NodeSize(), apps=apps)
    images = {
        BETTER: Behaviour(),
        LEAKY: Behaviour(memory_mi=700, grows_for_s=20),
        CRASHING: Behaviour(crashes_after_s=3, exit_code=2),
    }
    return Story("test", "Test", "One cluster.", (plan,), images=images)


def living(told: Story | None = None, *, seed: int = 1, speed: float = 1.0) -> Simulation:
    """The story's first cluster, settled at START."""
    told = told or story()
    return populate(told.clusters[0], told, seed=seed, now=START, speed=speed)


def pass_time(simulation: Simulation, seconds: float) -> None:
    """Let virtual time pass."""
    simulation.step(simulation.world.now + timedelta(seconds=seconds))


def pods(simulation: Simulation, namespace: str = "shop") -> list[JsonObject]:
    return [record.obj for record in simulation.world.list(POD, namespace)]


def container_states(simulation: Simulation) -> list[str]:
    """Each pod's first container: ``running``, or the reason it waits or ended."""
    return [state_of(pod) for pod in pods(simulation)]


def state_of(pod: JsonObject) -> str:
    statuses = pod["status"].get("containerStatuses")
    if not statuses:
        return "none"
    (name, state), *_ = statuses[0]["state"].items()
    return "running" if name == "running" else str(state["reason"])


def ready_count(simulation: Simulation) -> int:
    return sum(
        condition["status"] == "True"
        for pod in pods(simulation)
        for condition in pod["status"].get("conditions", [])
        if condition["type"] == "Ready"
    )


def deployment(simulation: Simulation, name: str = "api") -> JsonObject:
    return simulation.world.get(DEPLOYMENT, ("shop", name)).obj


def deployment_condition(simulation: Simulation, kind: str) -> JsonObject:
    conditions = deployment(simulation)["status"]["conditions"]
    return next(item for item in conditions if item["type"] == kind)


def events(simulation: Simulation, reason: str) -> list[JsonObject]:
    return [record.obj for record in simulation.world.list(EVENT) if record.obj["reason"] == reason]
