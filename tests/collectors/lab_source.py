"""One cluster of the lab as the collector contract's source: its objects are pods on a node that nobody tends."""

from pathlib import Path

from kronveil.lab import Lab, LabCluster
from kronveil.lab.kinds import POD, JsonObject
from tests.collectors.scripted_source import waiting

NAMESPACE = "contract"


class LabSource:
    """See ``FakeSource``. How much it sent it does not know."""

    sent = None

    def __init__(self, lab: Lab, cluster: LabCluster, kubeconfig: Path) -> None:
        self.cluster = cluster
        self.kubeconfig = kubeconfig
        self.secret = cluster.token
        self._is_down = False
        self._changes = 0
        lab.write_kubeconfig(kubeconfig)

    async def add(self, name: str) -> None:
        metadata = {"name": name, "namespace": NAMESPACE}
        spec = {"nodeName": "nowhere", "containers": [{"name": "checkout", "image": "registry.example/checkout:1"}]}
        self.cluster.world.create(POD, {"metadata": metadata, "spec": spec, "status": waiting()})

    async def change(self, name: str) -> None:
        self._changes += 1
        status = waiting(f"Reason{self._changes}")
        self.cluster.world.update(POD, (NAMESPACE, name), lambda pod: pod.update(status=status))

    async def touch(self, name: str) -> None:
        self._changes += 1

        def annotate(pod: JsonObject) -> None:
            pod["metadata"]["annotations"] = {"touched": str(self._changes)}

        self.cluster.world.update(POD, (NAMESPACE, name), annotate)

    async def remove(self, name: str) -> None:
        self.cluster.world.remove(POD, (NAMESPACE, name))

    async def answer(self) -> None:
        self.cluster.unhang()
        self.cluster.expire_token(self.secret)
        if self._is_down:
            self._is_down = False
            await self.cluster.start_server()

    async def go_down(self) -> None:
        self._is_down = True
        await self.cluster.stop_server()

    async def hang(self) -> None:
        self.cluster.hang()

    async def refuse_credentials(self) -> None:
        self.cluster.expire_token("another-token")
        self.cluster.drop_watches()

    async def break_stream(self) -> None:
        self.cluster.drop_watches()
