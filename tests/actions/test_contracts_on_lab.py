"""Every action on a cluster keeps every promise of the contract, on the simulated API server."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from kronveil.sdk.testing.actions import promises
from tests.actions.contracts import SCENES, ClusterContract
from tests.actions.ground import Ground, lab_ground

pytestmark = pytest.mark.anyio


class OnLab(ClusterContract):
    def __init__(self, name: str, folder: Path) -> None:
        super().__init__(name)
        self._folder = folder

    def ground(self) -> AbstractAsyncContextManager[Ground]:
        return lab_ground(self._folder)


@pytest.mark.parametrize("action", SCENES)
@pytest.mark.parametrize("promise", promises())
async def test_every_action_on_a_cluster_keeps_its_promises(action: str, promise: str, tmp_path: Path) -> None:
    await getattr(OnLab(action, tmp_path), promise)()
