"""What deploy/ and its how-to page promise, kept on a real API server: the manifests are accepted, and the account they
make may read all that is watched and nothing else."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from ruamel.yaml import YAML

from .kubeconfig import write_kubeconfig
from .servers import KubeCluster, installed_folder

pytestmark = pytest.mark.anyio

HERE = Path(__file__).parents[2]
PAGE = HERE / "docs" / "how-to" / "add-a-cluster.md"
DEADLINE_S = 120


async def ran(folder: Path, *command: str) -> "subprocess.CompletedProcess[bytes]":
    """A command as an operator runs it, with the kubeconfig of the folder."""
    path = f"{installed_folder() / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "KUBECONFIG": str(folder / "admin.yaml"), "HOME": str(folder)}
    with anyio.fail_after(DEADLINE_S):
        return await anyio.run_process(command, check=False, env=environment, cwd=folder)


@pytest.fixture
def folder(two_clusters: tuple[KubeCluster, KubeCluster], tmp_path: Path) -> Path:
    """Where the operator stands: the repository's deploy folder, and an administrator's kubeconfig."""
    (tmp_path / "deploy").symlink_to(HERE / "deploy")
    write_kubeconfig(tmp_path / "admin.yaml", [replace(two_clusters[0].access("admin"), context="us-east-prod")])
    return tmp_path


def commands_of_the_page() -> str:
    return "set -e\n" + "\n".join(re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL))


async def test_the_account_of_the_page_may_read_all_that_is_watched_and_write_nothing(folder: Path) -> None:
    made = await ran(folder, "bash", "-c", commands_of_the_page())
    assert made.returncode == 0, made.stderr.decode()
    kubeconfig = folder / "us-east-prod.yaml"
    assert "admin-token" not in kubeconfig.read_text()
    cluster = {"name": "us-east-prod", "kubeconfig_path": str(kubeconfig), "context": "us-east-prod"}
    file = folder / "kronveil.yaml"
    listen = dict.fromkeys(("api", "dashboard", "prometheus", "health"))
    whole = {"agent": {"data_dir": str(folder / "data")}, "listen": listen}
    file.write_text(json.dumps(whole | {"collectors": {"kubernetes": {"clusters": [cluster]}}}))
    kronveil = "import sys; from kronveil.cli import main; main()"
    told = await ran(folder, sys.executable, "-c", kronveil, "doctor", "-c", str(file))
    assert told.returncode == 0, told.stdout.decode()
    asked = ("kubectl", "--kubeconfig", str(kubeconfig), "auth", "can-i")
    for verb, what in (("create", "pods"), ("delete", "deployments"), ("get", "secrets"), ("patch", "nodes")):
        assert (await ran(folder, *asked, verb, what, "--all-namespaces")).stdout.decode().startswith("no"), (
            verb,
            what,
        )


async def test_the_manifests_of_the_agent_are_accepted_and_its_configuration_is_valid(folder: Path) -> None:
    await ran(folder, "kubectl", "apply", "-f", "deploy/kubernetes/read-only.yaml")
    done = await ran(
        folder, "kubectl", "apply", "--dry-run=server", "--validate=strict", "-f", "deploy/kubernetes/agent.yaml"
    )
    assert done.returncode == 0, done.stderr.decode()
    manifest = (HERE / "deploy" / "kubernetes" / "agent.yaml").read_text()
    documents = [YAML(typ="safe").load(each) for each in manifest.split("\n---\n")]
    (text,) = [each["data"]["kronveil.yaml"] for each in documents if each["kind"] == "ConfigMap"]
    (folder / "token").write_text("a-token-of-some-length")
    file = folder / "kronveil.yaml"
    file.write_text(text.replace("/etc/kronveil/token/token", str(folder / "token")))
    kronveil = "import sys; from kronveil.cli import main; main()"
    checked = await ran(folder, sys.executable, "-c", kronveil, "check", str(file))
    assert checked.returncode == 0, checked.stderr.decode()
