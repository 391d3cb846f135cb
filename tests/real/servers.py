"""Real servers as async context managers: `Etcd`, and `KubeCluster` = API server, controllers, scheduler, kwok.

Everything listens on loopback ports that the kernel chose and lives in one private folder.
"""

import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

import anyio
import httpx2
from ruamel.yaml import YAML

from .api_client import ApiClient, Manifest
from .kubeconfig import Access, write_kubeconfig
from .pki import Authority, write_signing_key
from .processes import PortTakenError, ServerProcess, free_port
from .waiting import eventually

TOOLS = Path(__file__).resolve().parents[2] / "tools"
READY_WITHIN_S = 60  # a few seconds on an idle machine
TOKENS = {  # of each user: token and groups
    "admin": ("admin-token", "system:masters"),
    "viewer": ("viewer-token", ""),
    "no-events": ("no-events-token", ""),
    "actor": ("actor-token", ""),
    "nobody": ("nobody-token", ""),
}
READ = ["get", "list", "watch"]
ACT = TOOLS.parent / "deploy" / "kubernetes" / "act.yaml"


def rules_of(manifest: Path) -> list[Manifest]:
    """The rules of the one cluster role in a file of manifests."""
    (role,) = [one for one in YAML(typ="safe").load_all(manifest.read_text()) if one["kind"] == "ClusterRole"]
    rules: list[Manifest] = role["rules"]
    return rules


RIGHTS: dict[str, list[Manifest]] = {
    "actor": rules_of(ACT),
    "viewer": [{"apiGroups": ["", "apps", "batch", "autoscaling"], "resources": ["*"], "verbs": READ}],
    "no-events": [
        {"apiGroups": [""], "resources": ["namespaces", "nodes", "pods"], "verbs": READ},
        {"apiGroups": ["apps"], "resources": ["*"], "verbs": READ},
    ],
}


def installed_folder() -> Path:
    """Where `make test-real` put the servers; fails with the command that builds them."""
    command = [sys.executable, str(TOOLS / "install_kubernetes.py"), "--where"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return Path(answer.stdout.strip())


class Etcd:
    """One etcd; several clusters may live in it, each under its own prefix."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = ""
        self.process: ServerProcess | None = None

    async def __aenter__(self) -> Self:
        await with_free_ports(self._start)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process:
            await self.process.stop()

    async def _start(self) -> None:
        self.url, peers = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        self.process = ServerProcess(
            "etcd",
            [
                str(installed_folder() / "bin" / "etcd"),
                *(f"--data-dir={self.folder / 'data'}", "--unsafe-no-fsync", "--log-level=warn"),
                *(f"--listen-client-urls={self.url}", f"--advertise-client-urls={self.url}"),
                *(f"--listen-peer-urls={peers}", f"--initial-advertise-peer-urls={peers}"),
                f"--initial-cluster=default={peers}",
            ],
            self.folder,
        )
        self.process.start()
        await answers(self.process, f"{self.url}/health")

    async def restart(self) -> None:
        """End it as a crash would, and start it again at the same address on the same data."""
        assert self.process is not None
        await self.process.kill()
        self.process.start()
        await answers(self.process, f"{self.url}/health")

    async def compact(self) -> None:
        """Forget everything but the newest of each key, as a cluster does every few minutes."""
        async with httpx2.AsyncClient(base_url=self.url, trust_env=False, timeout=15) as http:
            newest = (await http.post("/v3/kv/range", json={"key": "AA=="})).json()["header"]["revision"]
            answer = await http.post("/v3/kv/compaction", json={"revision": newest, "physical": True})
            assert answer.status_code == 200, answer.text


class KubeCluster:
    """A whole cluster without machines: real API server and controllers, kwok in place of every kubelet.

    `name` is also its etcd prefix. `region` is what its nodes should carry (see scenes.make_nodes).
    """

    def __init__(self, name: str, etcd: Etcd, folder: Path, *, region: str) -> None:
        self.name = name
        self.region = region
        self.folder = folder
        self.url = ""
        self.etcd = etcd
        self._programs = installed_folder()
        self._authority = Authority(folder, f"{name}-ca")
        self._signing_key = write_signing_key(folder / "service-accounts.key")
        self._serving = self._authority.serving("kube-apiserver")
        self.processes: dict[str, ServerProcess] = {}
        self.api: ApiClient

    async def __aenter__(self) -> Self:
        try:
            await with_free_ports(self._start_api_server)
            self.api = ApiClient(self.url, self._authority.path, TOKENS["admin"][0])
            await self._give_rights()
            for start in (self._start_controllers, self._start_scheduler, self._start_kwok):
                await with_free_ports(start)
            # Written by a controller: proof that they work, which a healthy port alone is not.
            await eventually(
                lambda: self.api.find("ServiceAccount", "default", "default"),
                "the controller manager made the default service account",
                within_s=READY_WITHIN_S,
            )
            self.ensure_alive()
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._stop_everything()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with anyio.CancelScope(shield=True):
            await self.api.__aexit__(kind, error, trace)
            await self._stop_everything()

    def ensure_alive(self) -> None:
        """Raise with its log when any server of this cluster has ended on its own."""
        for process in self.processes.values():
            process.ensure_alive()

    # --- failures of the API server -----------------------------------------------------------------------------

    async def stop_api_server(self, *, grace_s: float = 1.5) -> None:
        """End it, with its connections; its port stays this cluster's.

        It finishes its requests at once, but then waits up to a minute for clients to hang up: that is cut short.
        """
        await self.processes["kube-apiserver"].stop(grace_s=grace_s)

    async def start_api_server(self) -> None:
        """Start it again at the same address on the same data; returns when it is ready."""
        self.processes["kube-apiserver"].start()
        await self.is_ready()

    async def kill_api_server(self) -> None:
        """`kill -9`: its clients learn of it by a reset."""
        await self.processes["kube-apiserver"].kill()

    async def is_ready(self) -> None:
        """Wait until the API server says that it is, its etcd and all."""
        await answers(self.processes["kube-apiserver"], f"{self.url}/readyz", token=TOKENS["admin"][0])

    async def restart_controllers(self) -> None:
        """Have the controllers and the scheduler begin anew; kwok, which holds the nodes' leases, stays.

        After an outage of seconds their own growing waits may keep them from looking for half a minute.
        """
        for name in ("kube-controller-manager", "kube-scheduler"):
            await self.processes[name].stop(grace_s=2)
        for start in (self._start_controllers, self._start_scheduler):
            await with_free_ports(start)

    # --- access -------------------------------------------------------------------------------------------------

    def client(self, user: str = "admin") -> ApiClient:
        """A client of its own for a user of TOKENS."""
        return ApiClient(self.url, self._authority.path, TOKENS[user][0])

    def access(self, user: str = "admin", *, token_file: Path | None = None) -> Access:
        """How a user gets in: one of TOKENS, `expired` (a token that is not known) or `certificate` (an admin's)."""
        entrance = Access(context=self.name, server=self.url, ca=self._authority.path)
        if user == "certificate":
            certificate, key = self._authority.client("certificate-admin", "system:masters")
            return entrance.with_certificate(certificate, key)
        token = TOKENS[user][0] if user != "expired" else "no-longer-valid"
        if token_file is None:
            return entrance.with_token(token)
        token_file.write_text(token)
        return entrance.with_token_file(token_file)

    def write_kubeconfig(self, path: Path, user: str = "admin", *, token_file: Path | None = None) -> Path:
        """Write a kubeconfig with one context, named like this cluster."""
        return write_kubeconfig(path, [self.access(user, token_file=token_file)])

    # --- starting and stopping ----------------------------------------------------------------------------------

    async def _start_api_server(self) -> None:
        port = free_port()
        self.url = f"https://127.0.0.1:{port}"
        tokens = self.folder / "tokens.csv"
        tokens.write_text("".join(f'{token},{user},{user},"{groups}"\n' for user, (token, groups) in TOKENS.items()))
        self._launch(
            "kube-apiserver",
            *(f"--etcd-servers={self.etcd.url}", f"--etcd-prefix=/{self.name}"),
            *("--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", f"--secure-port={port}"),
            *(f"--tls-cert-file={self._serving[0]}", f"--tls-private-key-file={self._serving[1]}"),
            *(f"--client-ca-file={self._authority.path}", f"--token-auth-file={tokens}", "--authorization-mode=RBAC"),
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={self._signing_key}",
            f"--service-account-signing-key-file={self._signing_key}",
            *("--service-cluster-ip-range=10.0.0.0/24", "--endpoint-reconciler-type=none"),
            *("--disable-admission-plugins=ServiceAccount", "--allow-privileged=true", "--profiling=false"),
        )
        await self.is_ready()

    async def _start_controllers(self) -> None:
        port = free_port()
        self._launch(
            "kube-controller-manager",
            *self._controller_flags(port),
            f"--service-account-private-key-file={self._signing_key}",
            f"--root-ca-file={self._authority.path}",
        )
        await answers(self.processes["kube-controller-manager"], f"https://127.0.0.1:{port}/healthz")

    async def _start_scheduler(self) -> None:
        port = free_port()
        self._launch("kube-scheduler", *self._controller_flags(port))
        await answers(self.processes["kube-scheduler"], f"https://127.0.0.1:{port}/healthz")

    async def _start_kwok(self) -> None:
        port = free_port()
        stages = (self._programs / "kwok-stages.yaml", TOOLS / "kubernetes" / "stages.yaml")
        self._launch(
            "kwok",
            *(f"--kubeconfig={self._servants_kubeconfig()}", "--manage-all-nodes=true"),
            *(f"--config={path}" for path in stages),
            *(f"--server-address=127.0.0.1:{port}", "--node-ip=10.99.0.1", "--cidr=10.98.0.0/16"),
            # Without leases the controllers call every node unknown for a moment after its first 50 s.
            "--node-lease-duration-seconds=40",
        )
        await answers(self.processes["kwok"], f"http://127.0.0.1:{port}/healthz")

    def _controller_flags(self, port: int) -> Iterable[str]:
        config = self._servants_kubeconfig()
        certificate, key = self._serving
        return (
            *(f"--kubeconfig={config}", f"--authentication-kubeconfig={config}"),
            *(f"--authorization-kubeconfig={config}", "--leader-elect=false", "--profiling=false"),
            *("--authentication-skip-lookup=true", "--kube-api-qps=200", "--kube-api-burst=400"),
            *("--bind-address=127.0.0.1", f"--secure-port={port}"),
            *(f"--tls-cert-file={certificate}", f"--tls-private-key-file={key}"),
        )

    def _servants_kubeconfig(self) -> Path:
        return self.write_kubeconfig(self.folder / "servants.yaml")

    def _launch(self, program: str, *arguments: str) -> None:
        process = ServerProcess(program, [str(self._programs / "bin" / program), *arguments], self.folder)
        self.processes[program] = process
        process.start()

    async def _give_rights(self) -> None:
        group = "rbac.authorization.k8s.io"
        for user, rules in RIGHTS.items():
            common = {"apiVersion": f"{group}/v1", "metadata": {"name": f"kronveil-{user}"}}
            await self.api.create({**common, "kind": "ClusterRole", "rules": rules})
            role = {"apiGroup": group, "kind": "ClusterRole", "name": f"kronveil-{user}"}
            subject = {"apiGroup": group, "kind": "User", "name": user}
            await self.api.create({**common, "kind": "ClusterRoleBinding", "roleRef": role, "subjects": [subject]})

    async def _stop_everything(self) -> None:
        # The API server last: the others would spend their last seconds reporting that it is gone.
        for process in reversed(self.processes.values()):
            await process.stop(grace_s=3)


async def with_free_ports(start: Callable[[], Awaitable[None]]) -> None:
    """Start something on ports of the kernel's choice; choose again when another process was faster."""
    for _ in range(3):
        try:
            return await start()
        except PortTakenError:
            continue
    return await start()


async def answers(process: ServerProcess, url: str, *, token: str | None = None) -> None:
    """Wait until a server answers 200 at its health address, and fail at once when it ends instead."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with httpx2.AsyncClient(verify=False, headers=headers, timeout=3, trust_env=False) as http:

        async def is_ready() -> bool:
            process.ensure_alive()
            try:
                return (await http.get(url)).status_code == 200
            except httpx2.TransportError:
                return False

        try:
            await eventually(is_ready, f"{process.name} answers at {url}", within_s=READY_WITHIN_S)
        except AssertionError as error:
            error.add_note(f"End of its log:\n{process.log_tail()}")
            raise


@contextlib.asynccontextmanager
async def clusters_on_one_etcd(folder: Path, regions: dict[str, str]) -> AsyncIterator[dict[str, KubeCluster]]:
    """Start several clusters at once, named by the keys of `regions`, on one etcd."""
    (folder / "etcd").mkdir()
    async with Etcd(folder / "etcd") as etcd, contextlib.AsyncExitStack() as running:
        clusters: dict[str, KubeCluster] = {}
        for name, region in regions.items():
            (folder / name).mkdir()
            clusters[name] = KubeCluster(name, etcd, folder / name, region=region)

        async with anyio.create_task_group() as tasks:
            for cluster in clusters.values():
                tasks.start_soon(running.enter_async_context, cluster)
        yield clusters
