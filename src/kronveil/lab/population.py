"""A world that has been there for a while: nodes a month old, apps of different ages, everything running."""

from datetime import datetime, timedelta

from kronveil.lab.extras import STORAGE_CLASSES, storage_class
from kronveil.lab.images import Registry
from kronveil.lab.kinds import CONFIGMAP, NAMESPACE, NODE, SECRET, SERVICE, WORKLOADS
from kronveil.lab.managed import note_writer
from kronveil.lab.objects import App, config_object, node_object, secret_object, service_object, workload_object
from kronveil.lab.server.admission import admit_new
from kronveil.lab.simulation import Simulation
from kronveil.lab.story import ClusterPlan, Story
from kronveil.lab.world import World

OLDEST = timedelta(days=30)
YOUNGEST = timedelta(hours=3)
SETTLED_FOR = timedelta(minutes=15)
_ALWAYS_THERE = ("default", "kube-node-lease", "kube-public", "kube-system")
_SYSTEM_APPS = (
    App("kube-system", "coredns", "registry.k8s.io/coredns/coredns:v1.13.1", 2, "100m", "170Mi", 9153),
    App("kube-system", "metrics-server", "registry.k8s.io/metrics-server/metrics-server:v0.8.0", 1, "100m", "200Mi"),
)


def populate(plan: ClusterPlan, story: Story, *, seed: int, now: datetime, speed: float = 1.0) -> Simulation:
    """A living cluster as the story describes it, settled at ``now``."""
    world = World(plan.name, region=plan.region, seed=seed, now=now - OLDEST)
    registry = Registry()
    for image, behaviour in story.images.items():
        registry.declare(image, behaviour)
    apps = (*_SYSTEM_APPS, *plan.apps)
    for app in apps:
        registry.declare(app.image)
    simulation = Simulation(world, registry, speed=speed)
    simulation.machinery.storage_out.update(plan.full_storage)
    with simulation.nodes.unwatched():
        _create_ground(world, plan, apps)
        for born, app in sorted(((_birth(world, app, now), app) for app in apps), key=lambda pair: pair[0]):
            simulation.step(born)
            _create_app(world, app)
        simulation.step(now - SETTLED_FOR)
        _create_extras(world, plan)
        simulation.step(now)
    simulation.storage_changed()
    simulation.nodes.grace_s = plan.node_grace_s
    simulation.nodes.eviction_s = plan.eviction_s
    # Nobody watched yet: what led here is history.
    world.compact()
    return simulation


def _birth(world: World, app: App, now: datetime) -> datetime:
    span = OLDEST - timedelta(days=1) - YOUNGEST
    age = YOUNGEST + span * world.fraction("age", app.namespace, app.name) ** 2
    return now - (OLDEST - timedelta(days=1) if app in _SYSTEM_APPS else age)


def _create_ground(world: World, plan: ClusterPlan, apps: tuple[App, ...]) -> None:
    for kind in plan.kinds:
        world.add_kind(kind.made())
    for name in sorted({*_ALWAYS_THERE, *(app.namespace for app in apps), *plan.extra_namespaces()}):
        namespace = {"metadata": {"name": name}}
        admit_new(NAMESPACE, namespace, word="")
        world.create(NAMESPACE, namespace)
    for index in range(plan.nodes):
        world.create(NODE, node_object(world, index, plan.node, plan.version))
    for name in STORAGE_CLASSES:
        world.create(*storage_class(name))


def _create_app(world: World, app: App) -> None:
    if app.config and world.find(CONFIGMAP, (app.namespace, app.config)) is None:
        world.create(CONFIGMAP, config_object(app))
    if app.secret and world.find(SECRET, (app.namespace, app.secret)) is None:
        world.create(SECRET, secret_object(app))
    workload = workload_object(app)
    kind = WORKLOADS[app.kind]
    admit_new(kind, workload, word="")
    note_writer(workload, None, manager=app.manager, now=world.now)
    world.create(kind, workload)
    world.create(SERVICE, service_object(app, world))


def _create_extras(world: World, plan: ClusterPlan) -> None:
    """What came last: it changes nothing in how the apps came to be."""
    for kind, obj in plan.extras(world.now):
        world.add_kind(kind)
        status = obj.pop("status", None)
        admit_new(kind, obj, word="")
        if status is not None:
            obj["status"] = status
        world.create(kind, obj)
