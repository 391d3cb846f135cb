"""`kronveil doctor` on the lab's clusters: what works, what is missing, and what would help."""

import json

import anyio
import pytest
from typer.testing import CliRunner

from kronveil.cli.commands import app
from tests.acceptance.world import quiet_lab

pytestmark = pytest.mark.anyio


async def run(*arguments):
    return await anyio.to_thread.run_sync(lambda: CliRunner().invoke(app, ["doctor", *arguments]))


def configuration(folder, *clusters) -> str:
    file = folder / "kronveil.yaml"
    file.write_text(json.dumps({"collectors": {"kubernetes": {"clusters": clusters}}}))
    return str(file)


@pytest.fixture
async def lab(tmp_path):
    async with quiet_lab(tls=True) as opened:
        opened.write_kubeconfig(tmp_path / "kubeconfig")
        yield opened


@pytest.fixture
def kubeconfig(lab, tmp_path) -> str:
    return str(tmp_path / "kubeconfig")


async def test_a_good_cluster_has_nothing_missing(kubeconfig, tmp_path):
    file = configuration(tmp_path, {"name": "alpha", "kubeconfig_path": kubeconfig, "context": "alpha"})
    result = await run("-c", file, "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["missing"] is False
    found = {each["what"]: each for each in told["clusters"]["alpha"]}
    assert list(found)[:4] == ["kubeconfig", "reachable", "version", "identity"]
    assert found["pods"] == {"what": "pods", "good": True, "detail": "list, watch"}
    assert "Nothing is missing." in (await run("-c", file)).stdout


async def test_each_cluster_says_what_it_lacks_and_the_others_are_tried_all_the_same(kubeconfig, tmp_path):
    file = configuration(
        tmp_path,
        {"name": "alpha", "kubeconfig_path": kubeconfig, "context": "alpha"},
        {"name": "gone", "kubeconfig_path": kubeconfig, "context": "atlantis"},
        {"name": "nofile", "kubeconfig_path": "/nowhere/kubeconfig"},
    )
    result = await run("-c", file)
    assert result.exit_code == 1
    assert "atlantis" in result.stdout
    assert "/nowhere/kubeconfig does not exist" in result.stdout
    assert result.stdout.splitlines()[-1] == "Something is missing at gone, nofile."


async def missing_at_alpha(kubeconfig, tmp_path):
    file = configuration(tmp_path, {"name": "alpha", "kubeconfig_path": kubeconfig, "context": "alpha"})
    told = json.loads((await run("-c", file, "--json")).stdout)
    assert told["missing"] is True
    return {each["what"]: each["detail"] for each in told["clusters"]["alpha"] if each["good"] is False}


async def test_a_kind_that_is_forbidden_is_named_with_what_to_allow(lab, kubeconfig, tmp_path):
    lab.clusters["alpha"].forbid("deployments")
    missing = await missing_at_alpha(kubeconfig, tmp_path)
    assert missing == {"deployments": "may not list. Allow list and watch on deployments of apps"}


async def test_credentials_that_are_refused_are_told_apart_from_a_server_that_is_away(lab, kubeconfig, tmp_path):
    lab.clusters["alpha"].expire_token("another")
    assert "401" in (await missing_at_alpha(kubeconfig, tmp_path))["credentials"]
    await lab.clusters["alpha"].stop_server()
    assert "connection refused" in (await missing_at_alpha(kubeconfig, tmp_path))["reachable"]


async def test_without_a_cluster_it_says_how_to_get_one(tmp_path):
    (tmp_path / "kronveil.yaml").write_text("{}\n")
    result = await run("-c", str(tmp_path / "kronveil.yaml"))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "No cluster is configured. `kronveil init`" in result.stderr
    assert (await run("-c", str(tmp_path / "kronveil.yaml"), "--json")).exit_code == 2
    assert (await run("-c", str(tmp_path / "missing.yaml"))).exit_code == 2
