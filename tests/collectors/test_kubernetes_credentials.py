"""Credentials that are handed out by a program, renewed before they end, and shown nowhere; other ways to be let in."""

import base64
import json
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from kronveil.collectors.kubernetes import component
from kronveil.collectors.kubernetes.config import ClusterConfig
from kronveil.collectors.kubernetes.connect import open_connection
from kronveil.collectors.kubernetes.trouble import SourceError
from kronveil.lab import App, ClusterPlan, Story, open_lab
from kronveil.sdk.errors import Transient
from kronveil.sdk.testing.recorder import Recorder
from tests.collectors.scripted_server import ScriptedServer, serve

pytestmark = pytest.mark.anyio
V1, V1BETA1 = "client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"
TOKEN = "s3cr3t-token-that-a-plugin-hands-out"
APP = App("shop", "checkout", image="registry.example/checkout:1")
QUIET = Story("quiet", "Nothing happens", "", (ClusterPlan("east", "eu-central-1", apps=(APP,)),))

PLUGIN = """\
import json, os, pathlib, sys
here = pathlib.Path(__file__).parent
with (here / "asked").open("a") as log:
    log.write(json.dumps([sys.argv[1:], os.environ.get("ACCOUNT"), os.environ["KUBERNETES_EXEC_INFO"]]) + "\\n")
sys.stderr.write((here / "complaint").read_text())
sys.stdout.write((here / "answer").read_text())
sys.exit(int((here / "code").read_text()))
"""

SLOW_PLUGIN = """\
import os, pathlib, sys, time
here = pathlib.Path(__file__).parent
mine = here / f"running.{os.getpid()}"
mine.touch()
with (here / "running-log").open("a") as log:
    log.write("#" * len(list(here.glob("running.*"))) + "\\n")
time.sleep(2.5)
sys.stdout.write((here / "answer").read_text())
mine.unlink()
"""


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with serve(TOKEN) as server:
        yield server


class Plugin:
    """A program that hands out what it is told to, and a kubeconfig that names it."""

    def __init__(self, folder: Path, server: ScriptedServer) -> None:
        self.folder = folder
        (folder / "plugin.py").write_text(PLUGIN)
        self.config = ClusterConfig(name="east", kubeconfig_path=folder / "config")
        self.fails(0, "")
        self.gives({"token": TOKEN})
        self.write(server)

    def write(self, server: ScriptedServer, **rest: Any) -> None:
        login = {
            "apiVersion": V1,
            "command": sys.executable,
            "args": [str(self.folder / "plugin.py"), "get-token"],
            "env": [{"name": "ACCOUNT", "value": "number-7"}],
            "provideClusterInfo": True,
        }
        document = json.loads(server.write_kubeconfig(self.folder / "config").read_text())
        document["users"][0]["user"] = {"exec": login | rest}
        (self.folder / "config").write_text(json.dumps(document))

    def gives(self, status: dict[str, Any], version: str = V1, *, for_s: float | None = None) -> None:
        if for_s is not None:
            status = {**status, "expirationTimestamp": (datetime.now(UTC) + timedelta(seconds=for_s)).isoformat()}
        self.says(json.dumps({"apiVersion": version, "kind": "ExecCredential", "status": status}))

    def says(self, answer: str) -> None:
        (self.folder / "answer").write_text(answer)

    def fails(self, code: int, complaint: str) -> None:
        (self.folder / "code").write_text(str(code))
        (self.folder / "complaint").write_text(complaint)

    @property
    def asked(self) -> list[Any]:
        path = self.folder / "asked"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    async def reason(self) -> str:
        async with open_connection(self.config) as connection:
            with pytest.raises(SourceError) as refused:
                await connection.get("/version")
            assert TOKEN not in repr(connection)
            return str(refused.value)


@pytest.fixture
def plugin(tmp_path: Path, server: ScriptedServer) -> Plugin:
    return Plugin(tmp_path, server)


async def test_a_plugin_is_asked_as_kubectl_asks_once_for_all_who_wait(server: ScriptedServer, plugin: Plugin) -> None:
    async with open_connection(plugin.config) as connection, anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(connection.get, "/version")
    ((arguments, account, question),) = plugin.asked
    assert (arguments, account) == (["get-token"], "number-7")
    spec = {"interactive": False, "cluster": {"server": f"http://127.0.0.1:{server.port}"}}
    assert json.loads(question) == {"apiVersion": V1, "kind": "ExecCredential", "spec": spec}


async def test_a_fleet_asks_few_at_once_and_waits_for_those_that_take_longer_than_an_answer(
    server: ScriptedServer, plugin: Plugin, tmp_path: Path
) -> None:
    (tmp_path / "plugin.py").write_text(SLOW_PLUGIN)
    # Six ask, four at a time: those that wait have not an answer within the four seconds of a probe.
    config = replace(plugin.config, poll_interval=timedelta(milliseconds=300))
    async with AsyncExitStack() as opened, anyio.create_task_group() as tasks:
        collectors = [await opened.enter_async_context(component.open(config)) for _ in range(6)]
        recorders = [Recorder(patience_s=60) for _ in collectors]
        for collector, recorder in zip(collectors, recorders, strict=True):
            tasks.start_soon(collector.run, recorder)
        for recorder in recorders:
            await recorder.until(partial(is_heard, recorder), "it is let in")
            told = [batch.standing.error for batch in recorder.batches if batch.standing is not None]
            assert set(told) <= {None}
        tasks.cancel_scope.cancel()
    at_once = [len(one) for one in (tmp_path / "running-log").read_text().split()]
    assert len(at_once) == 6
    assert max(at_once) <= 4


def is_heard(recorder: Recorder) -> bool:
    return recorder.standing.heard_at is not None


async def test_the_older_version_of_the_question_is_spoken_too(server: ScriptedServer, plugin: Plugin) -> None:
    plugin.write(server, apiVersion=V1BETA1)
    plugin.gives({"token": TOKEN}, V1BETA1)
    async with component.open(plugin.config) as collector:
        await collector.probe()


async def test_credentials_are_renewed_before_they_end(server: ScriptedServer, plugin: Plugin) -> None:
    plugin.gives({"token": TOKEN}, for_s=3)
    async with open_connection(plugin.config) as connection:
        await connection.get("/version")
        await connection.get("/version")
        assert len(plugin.asked) == 1
        plugin.gives({"token": "the-next"}, for_s=3600)
        server.next_token = "the-next"
        with anyio.fail_after(30):
            while len(plugin.asked) < 2:
                await connection.get("/version")
                await anyio.sleep(0.02)
        server.token = "the-next"
        await connection.get("/version")
        assert len(plugin.asked) == 2


async def test_a_refused_token_is_renewed_once_for_all_and_the_requests_go_on(
    server: ScriptedServer, plugin: Plugin
) -> None:
    async with open_connection(plugin.config) as connection:
        await connection.get("/version")
        server.token = server.next_token = "renewed"
        plugin.gives({"token": "renewed"})
        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(connection.get, "/version")
        assert len(plugin.asked) == 2


async def test_a_plugin_that_gives_the_refused_token_again_is_told_and_not_asked_for_ever(
    server: ScriptedServer, plugin: Plugin
) -> None:
    server.token = server.next_token = "another"
    assert (await plugin.reason()).startswith("the API server refuses the credentials (401)")
    assert len(plugin.asked) == 2


async def test_a_renewal_that_fails_early_leaves_what_still_holds(server: ScriptedServer, plugin: Plugin) -> None:
    plugin.gives({"token": TOKEN}, for_s=6)
    async with open_connection(plugin.config) as connection:
        await connection.get("/version")
        plugin.fails(1, "no network")
        with anyio.fail_after(30):
            while len(plugin.asked) < 2:
                await connection.get("/version")
                await anyio.sleep(0.02)
        await connection.get("/version")


async def test_a_program_that_is_missing_is_named_with_how_to_get_it(server: ScriptedServer, plugin: Plugin) -> None:
    plugin.write(server, command="no-such-login-program", installHint="Install it with\n  your package manager")
    reason = await plugin.reason()
    expected = "the exec plugin no-such-login-program for the credentials is not found"
    assert reason == f"{expected}. Install it with your package manager"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("token: x", "did not answer with an ExecCredential"),
        ("{}", "answers otherwise"),
        (json.dumps({"apiVersion": V1, "status": {}}), "neither a token nor a client certificate"),
        (json.dumps({"apiVersion": V1, "status": {"clientCertificateData": "x"}}), "neither a token nor"),
        (
            json.dumps({"apiVersion": V1, "status": {"clientCertificateData": TOKEN, "clientKeyData": TOKEN}}),
            "the certificate that the exec plugin gave cannot be loaded",
        ),
    ],
)
async def test_an_answer_that_is_no_credential_is_named_without_quoting_it(
    plugin: Plugin, answer: str, words: str
) -> None:
    plugin.says(answer)
    reason = await plugin.reason()
    assert words in reason
    assert TOKEN not in reason


async def test_what_a_failing_plugin_says_is_told_without_secrets(plugin: Plugin) -> None:
    plugin.fails(3, f"debug\nlogin of number-7 with {TOKEN} was refused\n")
    reason = await plugin.reason()
    assert reason.endswith("gave no credentials (exit code 3): login of ******** with ******** was refused")


async def test_a_client_certificate_from_a_plugin_is_shown_to_the_server(
    server: ScriptedServer, plugin: Plugin, tmp_path: Path
) -> None:
    async with open_lab(QUIET, tls=True) as lab:
        lab.write_kubeconfig(tmp_path / "lab", credentials="certificate")
        document = _load(tmp_path / "lab")
        user = document["users"][0]["user"]
        pair = {}
        for name, field in (("certificate", "clientCertificateData"), ("key", "clientKeyData")):
            text = user.get(f"client-{name}-data")
            path = user.get(f"client-{name}")
            pair[field] = base64.b64decode(text).decode() if text else (tmp_path / path).read_text()
        plugin.gives(pair, for_s=3600)
        login = json.loads((tmp_path / "config").read_text())["users"][0]["user"]
        document["users"][0]["user"] = login
        (tmp_path / "config").write_text(json.dumps(document))
        async with component.open(plugin.config) as collector:
            await collector.probe()
            assert len(plugin.asked) == 1


def _load(path: Path) -> Any:
    from ruamel.yaml import YAML

    return YAML(typ="safe").load(path.read_text())


async def test_who_acts_as_another_says_so_with_every_request(server: ScriptedServer, tmp_path: Path) -> None:
    document = json.loads(server.write_kubeconfig(tmp_path / "config").read_text())
    document["users"][0]["user"] |= {"as": "viewer", "as-groups": ["one", "two"], "as-uid": "7"}
    (tmp_path / "config").write_text(json.dumps(document))
    async with component.open(ClusterConfig(name="east", kubeconfig_path=tmp_path / "config")) as collector:
        await collector.probe()
    said = [(name.lower(), value) for name, value in server.headers if name.lower().startswith("impersonate")]
    assert said == [
        ("impersonate-user", "viewer"),
        ("impersonate-group", "one"),
        ("impersonate-group", "two"),
        ("impersonate-uid", "7"),
    ]


async def test_a_proxy_is_asked_to_ask(server: ScriptedServer, tmp_path: Path) -> None:
    document = json.loads(server.write_kubeconfig(tmp_path / "config").read_text())
    document["clusters"][0]["cluster"] = {
        "server": "http://far-away.invalid:6443",
        "proxy-url": f"http://127.0.0.1:{server.port}",
    }
    (tmp_path / "config").write_text(json.dumps(document))
    async with component.open(ClusterConfig(name="east", kubeconfig_path=tmp_path / "config")) as collector:
        await collector.probe()
    assert server.requests[0] == "http://far-away.invalid:6443/version"


@pytest.mark.parametrize(("name", "is_right"), [("localhost", True), ("elsewhere.example", False)])
async def test_the_name_in_the_certificate_may_be_another_than_the_address(
    tmp_path: Path,
    name: str,
    is_right: bool,  # noqa: FBT001
) -> None:
    async with open_lab(QUIET, tls=True) as lab:
        lab.write_kubeconfig(tmp_path / "config")
        document = _load(tmp_path / "config")
        document["clusters"][0]["cluster"]["tls-server-name"] = name
        (tmp_path / "config").write_text(json.dumps(document))
        async with component.open(ClusterConfig(name="east", kubeconfig_path=tmp_path / "config")) as collector:
            if is_right:
                await collector.probe()
                return
            with pytest.raises(Transient, match="certificate is not trusted: Hostname mismatch"):
                await collector.probe()
