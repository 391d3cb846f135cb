"""`kronveil doctor` on the lab's clusters: what works, what is missing, and what would help."""

import json
import socket
from datetime import timedelta
from functools import partial
from pathlib import Path

import anyio
import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from kronveil.additions import KeptAdditions
from kronveil.agent.desk import ClusterRequest
from kronveil.agent.roster import ClusterPlan
from kronveil.cli.commands import app
from kronveil.cli.own_needs import OPENED
from kronveil.collectors.kubernetes.config import ClusterConfig
from tests.acceptance.world import quiet_lab

pytestmark = pytest.mark.anyio
DAY = timedelta(days=1)


async def run(*arguments):
    return await anyio.to_thread.run_sync(lambda: CliRunner().invoke(app, ["doctor", *arguments]))


def configuration(folder, *clusters, **sections) -> str:
    file = folder / "kronveil.yaml"
    whole = {"agent": {"data_dir": str(folder / "state")}, "listen": dict.fromkeys(OPENED)}
    file.write_text(json.dumps(whole | {"collectors": {"kubernetes": {"clusters": clusters}}} | sections))
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
    assert found["pods"] == {"what": "pods", "good": True, "detail": "list, watch", "remedy": None}
    lines = (await run("-c", file)).stdout.splitlines()
    assert lines[-1] == "Nothing is missing."
    (kinds,) = [line for line in lines if "list, watch: namespaces, nodes, " in line]
    assert kinds.split()[:2] == ["alpha", "ok"]


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
    assert result.stdout.splitlines()[-1] == "Something is missing at gone, nofile; all is well at 2 of 4."
    assert "gone, what to do:\n  Name the kubeconfig and the context that work here" in result.stdout


async def told_of_alpha(kubeconfig, tmp_path):
    file = configuration(tmp_path, {"name": "alpha", "kubeconfig_path": str(kubeconfig), "context": "alpha"})
    told = json.loads((await run("-c", file, "--json")).stdout)
    assert told["missing"] is True
    return told


async def missing_at_alpha(kubeconfig, tmp_path):
    found = (await told_of_alpha(kubeconfig, tmp_path))["clusters"]["alpha"]
    return {each["what"]: each for each in found if each["good"] is False}


async def test_a_kind_that_is_forbidden_is_named_with_the_rule_that_allows_it(lab, kubeconfig, tmp_path):
    lab.clusters["alpha"].forbid("deployments")
    lab.clusters["alpha"].forbid("pods")
    missing = await missing_at_alpha(kubeconfig, tmp_path)
    assert missing["deployments"]["detail"] == "may not list. Allow list and watch on deployments of apps"
    rule = "{apiGroups: [apps], resources: [deployments], verbs: [get, list, watch]}"
    assert missing["deployments"]["remedy"] == f"Add to its ClusterRole: {rule}"
    assert '{apiGroups: [""], resources: [pods], ' in missing["pods"]["remedy"]
    assert set(missing) == {"deployments", "pods"}


async def test_credentials_that_are_refused_are_told_apart_from_a_server_that_is_away(lab, kubeconfig, tmp_path):
    lab.clusters["alpha"].expire_token("another")
    refused = await missing_at_alpha(kubeconfig, tmp_path)
    assert set(refused) == {"credentials"}
    assert "401" in refused["credentials"]["detail"]
    way = f"kubectl --kubeconfig {kubeconfig} --context alpha get namespaces"
    assert refused["credentials"]["remedy"].endswith(way)
    await lab.clusters["alpha"].stop_server()
    away = await missing_at_alpha(kubeconfig, tmp_path)
    assert set(away) == {"reachable"}
    assert "connection refused" in away["reachable"]["detail"]
    assert "whether the API server runs" in away["reachable"]["remedy"]


def with_a_login_program_that_fails(kubeconfig: Path) -> Path:
    yaml = YAML(typ="safe")
    whole = yaml.load(kubeconfig.read_text())
    login = {"apiVersion": "client.authentication.k8s.io/v1", "command": "false", "interactiveMode": "Never"}
    for user in whole["users"]:
        user["user"] = {"exec": login}
    other = kubeconfig.with_name("exec.yaml")
    yaml.dump(whole, other)
    return other


async def test_a_program_that_gives_no_credentials_is_not_told_as_an_answer_of_the_server(kubeconfig, tmp_path):
    other = with_a_login_program_that_fails(Path(kubeconfig))
    found = {each["what"]: each for each in (await told_of_alpha(other, tmp_path))["clusters"]["alpha"]}
    assert (found["reachable"]["good"], found["credentials"]["good"]) == (None, False)
    assert "exec plugin false" in found["credentials"]["detail"]


def plan_of(cluster: ClusterConfig) -> ClusterPlan:
    return ClusterPlan(cluster.name, None, DAY, DAY, partial(pytest.fail, "not opened"), "")


async def test_a_cluster_that_was_added_while_running_is_tried_as_well(kubeconfig, tmp_path):
    kept = KeptAdditions(tmp_path / "state", plan_of)
    (tmp_path / "state").mkdir()
    kept.add(ClusterRequest("beta", kubeconfig, "beta"))
    kept.add(ClusterRequest("alpha", "/nowhere/kubeconfig"))
    file = configuration(tmp_path, {"name": "alpha", "kubeconfig_path": kubeconfig, "context": "alpha"})
    told = json.loads((await run("-c", file, "--json")).stdout)
    assert (told["missing"], list(told["clusters"]), told["added"]) == (False, ["alpha", "beta"], ["beta"])
    assert "beta (added while running)" in (await run("-c", file)).stdout
    (tmp_path / "state" / "clusters.json").write_text("{")
    broken = await run("-c", file)
    assert (broken.exit_code, "clusters.json: cannot be read" in broken.stderr) == (2, True)


async def test_one_cluster_under_two_names_says_so(kubeconfig, tmp_path):
    entries = [{"name": name, "kubeconfig_path": kubeconfig, "context": "alpha"} for name in ("east", "again")]
    result = await run("-c", configuration(tmp_path, *entries))
    assert result.exit_code == 0
    (line,) = [line for line in result.stdout.splitlines() if "the same cluster as" in line]
    assert line.split()[0] == "again"
    assert line.endswith("the same cluster as east; counted once")


async def test_custom_resources_of_the_whole_section_are_tried_too(kubeconfig, tmp_path):
    custom = [{"group": "acme.example", "resource": "widgets", "kind": "Widget"}]
    clusters = [{"name": "alpha", "kubeconfig_path": kubeconfig, "context": "alpha"}]
    section = {"kubernetes": {"clusters": clusters, "custom_resources": custom}}
    told = json.loads((await run("-c", configuration(tmp_path, collectors=section), "--json")).stdout)
    assert "widgets" in str([each["what"] for each in told["clusters"]["alpha"]])


async def test_what_the_agent_itself_lacks_is_said(kubeconfig, tmp_path):
    cluster = {"name": "alpha", "kubeconfig_path": kubeconfig, "context": "alpha"}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        listen = dict.fromkeys(OPENED) | {"api": port}
        file = configuration(tmp_path, cluster, listen=listen, api={"auth": "required"})
        result = await run("-c", file, "--json")
        assert result.exit_code == 1
        own = {each["what"]: each for each in json.loads(result.stdout)["agent"]}
        assert own["data folder"]["good"] is True
        assert own[f"port {port}"]["good"] is False
        assert f"{{api: {port + 1}}}" in own[f"port {port}"]["remedy"]
        assert "kronveil token create" in own["callers"]["remedy"]
        (tmp_path / "state").mkdir()
        (tmp_path / "state" / "ports.json").write_text(json.dumps({"host": "127.0.0.1", "api": port}))
        running = {each["what"]: each for each in json.loads((await run("-c", file, "--json")).stdout)["agent"]}
        assert running[f"port {port}"]["good"] is True


async def test_without_a_cluster_it_says_how_to_get_one(tmp_path):
    (tmp_path / "kronveil.yaml").write_text(json.dumps({"agent": {"data_dir": str(tmp_path / "state")}}))
    result = await run("-c", str(tmp_path / "kronveil.yaml"))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "No cluster is configured. `kronveil init`" in result.stderr
    assert (await run("-c", str(tmp_path / "kronveil.yaml"), "--json")).exit_code == 2
    assert (await run("-c", str(tmp_path / "missing.yaml"))).exit_code == 2
