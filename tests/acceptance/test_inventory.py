"""What the clusters hold, asked of the agent: every pod that is really there, the broken ones first."""

import pytest

from tests.acceptance.agents import agent_in_process, configured
from tests.acceptance.world import BAD, pods, quiet_lab, release
from tests.real.waiting import eventually

pytestmark = pytest.mark.anyio


async def test_every_pod_of_every_cluster_is_listed_and_a_broken_one_comes_first(tmp_path):
    async with quiet_lab() as lab:
        lab.write_kubeconfig(tmp_path / "kubeconfig")
        async with agent_in_process(configured(tmp_path, ["alpha", "beta"])) as agent:
            await agent.all_live("alpha", "beta")
            await release(lab.clusters["beta"], "cart", BAD)

            async def is_broken_first() -> bool:
                page = await agent.get("pods", limit="1")
                return page["items"][0]["reason"] in ("ErrImagePull", "ImagePullBackOff")

            await eventually(is_broken_first, "a pod that cannot pull its image comes first")
            first = (await agent.get("pods", limit="1"))["items"][0]
            assert (first["cluster"], first["owner"]["name"]) == ("beta", "cart")
            really = pods(lab.clusters["alpha"]) + pods(lab.clusters["beta"])
            assert (await agent.get("pods"))["total"] == really == len(await agent.everything("pods"))
            workloads = await agent.everything("workloads", cluster="alpha")
            assert {"cart", "search", "tickets"} <= {each["name"] for each in workloads}
