"""A config map or secret that was written ends in the ledger of changes, and beside the incident that followed."""

from pathlib import Path

import pytest

from kronveil.lab.kinds import CONFIGMAP, SECRET
from tests.acceptance.agents import agent_in_process, configured
from tests.acceptance.world import quiet_lab, release
from tests.real.waiting import eventually

HUSH = "aHVzaC1odXNo"


@pytest.mark.anyio
async def test_what_was_written_is_in_the_ledger_and_suspected_and_what_is_in_it_is_nowhere(tmp_path: Path) -> None:
    async with quiet_lab() as lab:
        lab.write_kubeconfig(tmp_path / "kubeconfig")
        alpha = next(iter(lab.clusters.values()))
        metadata = {"name": "search-settings", "namespace": "shop"}
        alpha.world.create(CONFIGMAP, {"metadata": {**metadata}, "data": {"timeout": "5s"}})
        alpha.world.create(SECRET, {"metadata": {**metadata}, "data": {"key": HUSH}})
        entry = {"name": "alpha", "kubeconfig_path": str(tmp_path / "kubeconfig"), "context": alpha.name}
        async with agent_in_process(configured(tmp_path, [{**entry, "config_changes": True}])) as agent:
            await agent.all_live("alpha")

            async def is_read() -> bool:
                kinds = (await agent.cluster("alpha"))["kinds"]
                return all(kinds.get(one, {}).get("synced") for one in ("configmaps", "secrets"))

            await eventually(is_read, "config maps and secrets are listed", within_s=30)
            assert not await agent.everything("changes", kind="config")
            at = ("shop", "search-settings")
            alpha.world.update(CONFIGMAP, at, lambda one: one.update(data={"timeout": "0s"}))
            alpha.world.update(SECRET, at, lambda one: one.update(data={"key": HUSH[::-1]}))

            async def told() -> list[str] | None:
                found = await agent.everything("changes")
                kinds = sorted(one["kind"] for one in found if one["target"]["name"] == "search-settings")
                return kinds if len(kinds) == 2 else None

            assert await eventually(told, "both are in the ledger", within_s=30) == ["config", "secret"]
            await release(alpha, "search", "ghcr.io/example/search:3.0.0")
            found = await agent.the_incident("crash", "alpha", "open", within_s=30)
            whole = await agent.get(f"incidents/{found['id']}")
            suspects = [one["what"] for one in whole["suspects"]]
            assert any("search-settings" in one and "configuration" in one for one in suspects), suspects
            everything = str(whole) + str(await agent.everything("changes")) + str(await agent.everything("events"))
            assert HUSH not in everything
            assert HUSH[::-1] not in everything
