"""What fails at several workloads behind one service, from its endpoint slice to one line at the top."""

import httpx2
import pytest

from kronveil.lab import LabCluster
from kronveil.lab.kinds import POD
from tests.acceptance.agents import agent_in_process, configured
from tests.acceptance.world import BAD, GOOD, SOUND, quiet_lab, release
from tests.real.waiting import eventually

pytestmark = pytest.mark.anyio
NO_SUCH = SOUND.replace("2.0.0", "9.9.9")


async def test_troubles_of_two_workloads_behind_one_service_are_one_line_and_close_alone(tmp_path):
    async with quiet_lab() as lab:
        lab.write_kubeconfig(tmp_path / "kubeconfig")
        alpha = lab.clusters["alpha"]
        await send_to(alpha, "storefront", "cart", "search")
        async with agent_in_process(configured(tmp_path, ["alpha"])) as agent:
            await agent.all_live("alpha")
            await agent.has_event("2 workloads stand behind the service storefront")
            await release(alpha, "cart", BAD)
            await release(alpha, "search", NO_SUCH)

            async def line():
                tops = [each for each in await agent.incidents() if each["parent_id"] is None]
                return tops[0] if len(tops) == 1 and len(tops[0]["children"]) == 2 else None

            group = await eventually(line, "both are under one line")
            assert group["title"] == "2 workloads behind the service shop/storefront are in trouble"
            assert (group["resource"]["kind"], group["resource"]["name"]) == ("Service", "storefront")
            await release(alpha, "cart", GOOD)

            async def statuses():
                return sorted(each["status"] for each in await agent.incidents() if each["parent_id"] is not None)

            async def one_is_over():
                return await statuses() == ["open", "resolved"]

            await eventually(one_is_over, "the one that was taken back is over, the other is not")
            assert (await agent.get(f"incidents/{group['id']}"))["status"] == "open"
            await release(alpha, "search", SOUND)

            async def all_is_over():
                return (await agent.get(f"incidents/{group['id']}"))["status"] == "resolved"

            await eventually(all_is_over, "the line is over with the last of them")


async def send_to(cluster: LabCluster, service: str, *apps: str) -> None:
    """An endpoint slice as the control plane would write it for a service with these apps behind it."""
    pods = [one for one in cluster.world.list(POD, "shop") if one.key[1].startswith(apps)]
    body = {
        "kind": "EndpointSlice",
        "apiVersion": "discovery.k8s.io/v1",
        "metadata": {
            "name": f"{service}-x7k2p",
            "namespace": "shop",
            "labels": {"kubernetes.io/service-name": service},
        },
        "addressType": "IPv4",
        "endpoints": [
            {"addresses": ["10.0.0.1"], "targetRef": {"kind": "Pod", "name": one.key[1], "uid": one.uid}}
            for one in pods
        ],
    }
    headers = {"Authorization": f"Bearer {cluster.token}"}
    async with httpx2.AsyncClient(base_url=cluster.url, headers=headers, trust_env=False, timeout=20) as http:
        answer = await http.post("/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices", json=body)
    answer.raise_for_status()
