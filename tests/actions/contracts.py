"""The contract of every action on a cluster; the ground it stands on is the subclass's."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from kronveil import actions
from kronveil.sdk.testing.actions import ActionContract, ActionWorld, Case
from tests.actions import scenes
from tests.actions.ground import ClusterWorld, Ground, world_of

SCENES = {
    "kubectl_scale": scenes.scaled,
    "set_resources": scenes.raised,
    "rollout_undo": scenes.undone,
    "rollout_restart": scenes.restarted,
    "patch": scenes.patched,
    "restart_pod": scenes.evicted,
    "cordon": scenes.cordoned,
    "uncordon": scenes.uncordoned,
    "drain": scenes.drained,
    "delete_job": scenes.deleted,
    "run_diagnostic": scenes.diagnosed,
}
PARTS = {each.name: each for each in actions.BUILT_IN}


class ClusterContract(ActionContract):
    """``name`` is the action; ``ground`` gives the cluster."""

    name: str

    def __init__(self, name: str) -> None:
        self.name = name
        self.component = PARTS[name]

    def ground(self) -> AbstractAsyncContextManager[Ground]:
        raise NotImplementedError

    @asynccontextmanager
    async def world(self) -> AsyncIterator[ActionWorld]:
        async with self.ground() as ground:
            yield world_of(ground, await SCENES[self.name](ground))

    def case(self, world: ActionWorld) -> Case:
        assert isinstance(world, ClusterWorld)
        return world.scene.case

    def out_of_bounds(self, world: ActionWorld) -> Sequence[Case]:
        assert isinstance(world, ClusterWorld)
        return world.scene.refused
