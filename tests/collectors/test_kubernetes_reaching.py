"""Why an API server cannot be reached is told in words, and renewed credentials are taken up."""

import gc
import json
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import anyio
import pytest
from ruamel.yaml import YAML

from kronveil.collectors.kubernetes import component
from kronveil.collectors.kubernetes.config import ClusterConfig
from kronveil.lab import App, ClusterPlan, Lab, Story, open_lab
from kronveil.lab.server.tls import Authority
from kronveil.sdk.errors import Permanent, Transient
from kronveil.sdk.testing.recorder import Recorder

pytestmark = pytest.mark.anyio
APP = App("shop", "checkout", image="registry.example/checkout:1")
QUIET = Story("quiet", "Nothing happens", "", (ClusterPlan("east", "eu-central-1", apps=(APP,)),))


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    async with open_lab(QUIET, tls=True) as lab:
        yield lab


def config(path: Path) -> ClusterConfig:
    return ClusterConfig(name="east", kubeconfig_path=path, poll_interval=timedelta(milliseconds=300))


@asynccontextmanager
async def watching(path: Path) -> AsyncIterator[Recorder]:
    recorder = Recorder(20)
    async with component.open(config(path)) as collector, anyio.create_task_group() as tasks:
        tasks.start_soon(collector.run, recorder)
        yield recorder
        tasks.cancel_scope.cancel()


def change(path: Path, cluster: dict[str, object], user: dict[str, object] | None = None) -> None:
    """Replace fields of the first cluster and user; None takes one away."""
    document = YAML(typ="safe").load(path.read_text())
    for fields, new in ((document["clusters"][0]["cluster"], cluster), (document["users"][0]["user"], user or {})):
        fields.update(new)
        for name in [name for name, value in fields.items() if value is None]:
            del fields[name]
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(document))
    draft.replace(path)


async def reason(path: Path) -> str:
    async with component.open(config(path)) as collector:
        with pytest.raises(Transient) as refused:
            await collector.probe()
        return str(refused.value)


@pytest.mark.parametrize("credentials", ["token", "token-file", "certificate"])
async def test_each_kind_of_credentials_works(lab: Lab, tmp_path: Path, credentials: str) -> None:
    lab.write_kubeconfig(tmp_path / "config", credentials=credentials)
    async with component.open(config(tmp_path / "config")) as collector:
        await collector.probe()


async def test_a_certificate_that_is_not_trusted_is_named(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "config"
    lab.write_kubeconfig(path)
    (tmp_path / "other-ca.crt").write_bytes(Authority().certificate)
    change(path, {"certificate-authority-data": None, "certificate-authority": "other-ca.crt"})
    assert (await reason(path)).startswith("the API server's certificate is not trusted: ")


async def test_plain_speech_to_a_tls_port_and_tls_to_a_plain_one_are_named(tmp_path: Path) -> None:
    async with open_lab(QUIET) as lab:
        path = tmp_path / "config"
        lab.write_kubeconfig(path)
        change(path, {"server": lab.clusters["east"].url.replace("http:", "https:")})
        assert (await reason(path)).startswith("TLS with 127.0.0.1:")


async def test_a_refused_connection_names_the_address(tmp_path: Path, lab: Lab) -> None:
    path = tmp_path / "config"
    lab.write_kubeconfig(path)
    await lab.clusters["east"].stop_server()
    port = lab.clusters["east"].listener.port
    assert await reason(path) == f"connection refused 127.0.0.1:{port}"


async def test_a_name_that_does_not_resolve_is_named(tmp_path: Path, lab: Lab) -> None:
    path = tmp_path / "config"
    lab.write_kubeconfig(path)
    change(path, {"server": "https://no-such-host.invalid:6443"})
    assert "no-such-host.invalid:6443" in await reason(path)


async def test_silence_is_named_with_its_length(tmp_path: Path, lab: Lab) -> None:
    path = tmp_path / "config"
    lab.write_kubeconfig(path)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        change(path, {"server": f"http://127.0.0.1:{silent.getsockname()[1]}"})
        assert await reason(path) == f"no answer from 127.0.0.1:{silent.getsockname()[1]} within 2 s"


async def test_a_stop_while_tls_is_negotiated_leaves_no_socket_open(tmp_path: Path, lab: Lab) -> None:
    path = tmp_path / "config"
    lab.write_kubeconfig(path)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        change(path, {"server": f"https://127.0.0.1:{silent.getsockname()[1]}"})
        async with component.open(config(path)) as collector:
            with anyio.move_on_after(0.3) as given_up:
                await collector.probe()
            assert given_up.cancelled_caught
    gc.collect()  # a socket left open is a warning here, and warnings are errors


async def test_a_port_that_speaks_something_else_is_named(tmp_path: Path, lab: Lab) -> None:
    path = tmp_path / "config"
    lab.write_kubeconfig(path)
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")

    async def greet(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            await stream.receive()
            await stream.send(b"220 mail.example ready\r\n")

    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, greet)
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        change(path, {"server": f"http://127.0.0.1:{port}"})
        assert (await reason(path)).startswith(f"the connection to 127.0.0.1:{port} broke off")
        tasks.cancel_scope.cancel()


async def test_an_expired_token_is_named_and_a_renewed_one_taken_up(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "config"
    lab.write_kubeconfig(path, credentials="token-file")
    async with watching(path) as recorder:
        await recorder.until(lambda: bool(recorder.standing.pods), "it is watched")
        lab.clusters["east"].expire_token("renewed-token")
        lab.clusters["east"].drop_watches()
        await recorder.until(lambda: bool(recorder.error), "the standing says why")
        assert recorder.error is not None
        assert recorder.error.startswith("the API server refuses the credentials (401): Unauthorized.")
        assert str(path) in recorder.error
        lab.write_kubeconfig(path, credentials="token-file")
        await recorder.until(lambda: recorder.error is None, "it goes on with the new token")


async def test_a_kubeconfig_that_moves_to_another_server_is_followed(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "config"
    lab.write_kubeconfig(path)
    good = path.read_text()
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    change(path, {"server": f"https://127.0.0.1:{port}"})
    async with watching(path) as recorder:
        await recorder.until(lambda: recorder.error == f"connection refused 127.0.0.1:{port}", "it cannot be reached")
        path.write_text(good)
        await recorder.until(lambda: bool(recorder.standing.pods), "it is watched")


async def test_a_kubeconfig_that_is_lost_while_running_is_named_and_the_watch_goes_on_when_it_is_back(
    lab: Lab, tmp_path: Path
) -> None:
    path = tmp_path / "config"
    lab.write_kubeconfig(path)
    async with watching(path) as recorder:
        await recorder.until(lambda: bool(recorder.standing.pods), "it is watched")
        shutil.move(path, tmp_path / "away")
        await recorder.until(lambda: "does not exist" in (recorder.error or ""), "the standing says why")
        shutil.move(tmp_path / "away", path)
        await recorder.until(lambda: recorder.error is None, "it goes on")


async def test_a_kubeconfig_that_cannot_work_stops_the_opening(tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="does not exist"):
        async with component.open(config(tmp_path / "config")):
            raise AssertionError("it was opened")
