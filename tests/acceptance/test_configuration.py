"""Documented keys change what the agent does; each is tried beside another value of it."""

import json
import socket

import anyio
import pytest

from kronveil.lab.moves import SetImage
from tests.acceptance.agents import agent_in_process, configured
from tests.acceptance.world import BAD, GOOD, quiet_lab
from tests.real.waiting import eventually, stays

pytestmark = pytest.mark.anyio


async def test_names_of_one_clusters_entry_narrow_what_is_watched_and_say_where_it_is(tmp_path):
    async with quiet_lab() as lab:
        lab.write_kubeconfig(tmp_path / "kubeconfig")
        alpha = lab.clusters["alpha"]
        here = {"kubeconfig_path": str(tmp_path / "kubeconfig")}
        clusters = [
            {**here, "name": "narrow", "context": "alpha", "namespaces": ["desk"], "region": "moon"},
            {**here, "name": "wide", "context": "beta", "stale_after": "20s", "unreachable_after": "60s"},
        ]
        async with agent_in_process(configured(tmp_path, clusters)) as agent:
            await agent.all_live("narrow", "wide")
            narrow, wide = await agent.cluster("narrow"), await agent.cluster("wide")
            assert (narrow["region"], wide["region"]) == ("moon", "south")
            assert narrow["pods"] == 1
            assert wide["pods"] > 1
            assert narrow["nodes"] == wide["nodes"] == 2
            SetImage("shop/cart", BAD).make(alpha.simulation)
            SetImage("shop/cart", BAD).make(lab.clusters["beta"].simulation)
            await agent.the_incident("image", "wide", "open")
            assert await agent.incidents("image", "narrow") == []

            # Each cluster's silence is judged by its own times.
            await alpha.stop_server()
            await lab.clusters["beta"].stop_server()
            await agent.becomes("narrow", "unreachable", within_s=10)
            assert (await agent.cluster("wide"))["state"] == "live"

            said = {each["key"]: (each["value"], each["source"]) for each in (await agent.get("config"))["items"]}
            assert said["collectors.kubernetes.clusters[0].region"][0] == "moon"
            value, source = said["collectors.kubernetes.stale_after"]
            assert (value, source.startswith(f"{tmp_path / 'kronveil.yaml'}:")) == ("1s500ms", True)


async def test_the_times_of_incidents_are_those_of_the_file(tmp_path):
    async with quiet_lab() as lab:
        alpha = lab.clusters["alpha"]
        for name, times in {
            "slow": {"resolve_after": "30s"},
            "quick": {"resolve_after": "1s", "reopen_within": "1s"},
        }.items():
            folder = tmp_path / name
            folder.mkdir()
            lab.write_kubeconfig(folder / "kubeconfig")
            async with agent_in_process(configured(folder, ["alpha"], incidents=times)) as agent:
                await agent.all_live("alpha")
                SetImage("shop/cart", BAD).make(alpha.simulation)
                first = await agent.the_incident("image", "alpha", "open")
                SetImage("shop/cart", GOOD).make(alpha.simulation)
                if name == "slow":

                    async def has_recovered(agent=agent, first=first):
                        whole = await agent.get(f"incidents/{first['id']}")
                        return whole if "recovered" in {each["what"] for each in whole["timeline"]} else None

                    assert (await eventually(has_recovered, "recovery is seen"))["status"] == "open"
                    await stays(has_recovered, "it holds", for_s=2)
                    assert (await has_recovered())["status"] == "open"
                    continue
                await agent.the_incident("image", "alpha", "resolved")
                # The window to reopen is passed by the clock alone.
                await anyio.sleep(2.5)
                SetImage("shop/cart", BAD).make(alpha.simulation)

                async def are_two(agent=agent):
                    return len(await agent.incidents("image", "alpha")) == 2

                await eventually(are_two, "after the window it is another incident")


async def test_the_agent_listens_where_the_file_says(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        api, console = one.getsockname()[1], two.getsockname()[1]
    file = configured(tmp_path, listen={"api": api, "dashboard": console, "prometheus": None, "health": None})
    async with agent_in_process(file) as agent:
        assert agent.url == f"http://127.0.0.1:{api}"
        assert json.loads((tmp_path / "data" / "ports.json").read_text())["dashboard"] == console
        other = await agent.http.get(f"http://127.0.0.1:{console}/api/v1/health")
        assert other.json()["status"] == "healthy"
        refused = await agent.http.get("/health", headers={"Host": "evil.example"})
        assert refused.status_code == 403
