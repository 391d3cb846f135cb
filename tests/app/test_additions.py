"""Clusters added while the agent runs are kept for the next start."""

from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from kronveil.additions import FILE, KeptAdditions
from kronveil.agent.desk import ClusterRequest
from kronveil.agent.roster import ClusterPlan
from kronveil.collectors.kubernetes.config import ClusterConfig
from kronveil.sdk.errors import ConfigError


def plan_of(cluster: ClusterConfig) -> ClusterPlan:
    minute = timedelta(minutes=1)
    return ClusterPlan(cluster.name, cluster.region, minute, minute, partial(pytest.fail, "not opened"), repr(cluster))


def test_what_was_added_is_there_after_a_restart_and_what_was_removed_is_not(tmp_path: Path) -> None:
    KeptAdditions(tmp_path, plan_of).add(ClusterRequest("east", "/etc/kubeconfig", "ctx", namespaces=("a", "b")))
    KeptAdditions(tmp_path, plan_of).add(ClusterRequest("west"))
    again = KeptAdditions(tmp_path, plan_of)
    assert [plan.name for plan in again.plans()] == ["east", "west"]
    assert again.kept()[0].namespaces == ("a", "b")
    assert again.remove("east")
    assert not again.remove("east")
    assert [plan.name for plan in KeptAdditions(tmp_path, plan_of).plans()] == ["west"]


@pytest.mark.parametrize("text", ["{", '{"name": 1}', '[{"nmae": "east"}]', "[1]"])
def test_a_file_that_is_not_ours_any_more_is_named_with_the_way_out(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(ConfigError, match=r"clusters\.json: cannot be read"):
        KeptAdditions(tmp_path, plan_of).plans()
