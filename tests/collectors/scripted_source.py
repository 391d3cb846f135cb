"""The scripted API server as the collector contract's source: its objects are pods that cannot pull their image."""

from pathlib import Path
from typing import Any

from tests.collectors.scripted_server import ScriptedServer

SECRET = "s3cr3t-t0ken-of-the-contract"


def waiting(reason: str = "ImagePullBackOff", *, image: str = "registry.example/checkout:2.31.0") -> dict[str, Any]:
    """The status of a pod whose only container waits."""
    message = f'Back-off pulling image "{image}"'
    state = {"waiting": {"reason": reason, "message": message}}
    container = {"name": "checkout", "image": image, "ready": False, "restartCount": 0, "state": state}
    return {"phase": "Pending", "containerStatuses": [container]}


class ScriptedSource:
    """See ``FakeSource``."""

    def __init__(self, server: ScriptedServer, kubeconfig: Path) -> None:
        self.secret = SECRET
        self.server = server
        self.kubeconfig = kubeconfig
        self._changes = 0

    @property
    def sent(self) -> int | None:
        return self.server.sent

    async def add(self, name: str) -> None:
        self.server.put("pods", name, namespace="shop", status=waiting())

    async def change(self, name: str) -> None:
        self._changes += 1
        self.server.put("pods", name, namespace="shop", status=waiting(f"Reason{self._changes}"))

    async def touch(self, name: str) -> None:
        item = self.server.objects["pods"]["shop", name]
        self.server.put("pods", name, namespace="shop", status=item["status"], spec={"hostNetwork": False})

    async def remove(self, name: str) -> None:
        self.server.delete("pods", name, namespace="shop")

    async def answer(self) -> None:
        self.server.unhung.set()
        self.server.is_refusing = False
        await self.server.come_up()

    async def go_down(self) -> None:
        await self.server.go_down()

    async def hang(self) -> None:
        self.server.hang()

    async def refuse_credentials(self) -> None:
        self.server.is_refusing = True
        self.server.drop_streams()

    async def break_stream(self) -> None:
        self.server.drop_streams()
