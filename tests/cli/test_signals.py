"""`kronveil signals`: a table of what is used, unknown as `?`, and a word about clusters that are not measured."""

import json
from dataclasses import replace

import pytest

from kronveil.cli.signals import in_bytes, in_cores
from kronveil.model.signal import Bounds, SignalStanding, SourceState
from tests.api.plain_desk import NOON, measured_series, member
from tests.cli.asking import ask, run

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nobody_elses_agent")]


def cpu_of(number, value):
    memory = measured_series(number)
    key = replace(memory.key, signal="container.cpu.usage")
    at = int(NOON.timestamp()) - 60
    return replace(memory, key=key, last=(at, value), bounds=Bounds(cpu_limit=0.5))


async def test_each_row_is_a_container_with_what_it_uses_and_may_use(agent, desk):
    desk.measured = [cpu_of(0, 0.125), measured_series(0), measured_series(1)]
    lines = (await ask(agent, "signals", "--cluster", "east", "--owner", "payments")).splitlines()
    assert lines[0].split() == ["CLUSTER", "NAMESPACE", "NAME", "CPU", "OF", "MEMORY", "OF", "AGE"]
    assert lines[1].split()[:7] == ["east", "shop", "payments-0/app", "125m", "500m", "6.97Gi", "512Mi"]
    assert lines[2].split()[:5] == ["east", "shop", "payments-1/app", "?", "6.97Gi"]
    assert lines[-1].startswith("2 containers.")
    (asked,) = desk.series_asked
    assert (asked.cluster, asked.owner, asked.kind, asked.with_points) == ("east", "payments", "Container", False)


async def test_a_cluster_that_is_not_measured_is_named_with_the_reason(agent, desk):
    desk.measured = []
    south = member("south")
    gone = SignalStanding(SourceState.NOT_SERVED, "metrics.k8s.io", "the API group is not served")
    desk.fleet_members = [replace(south, standing=replace(south.standing, signals=gone))]
    told = await ask(agent, "signals", "--kind", "node")
    assert told.strip() == "Nothing was measured of any such node. Not measured: south has no metrics.k8s.io."


async def test_what_is_more_than_the_limit_is_said(agent, desk):
    desk.measured = [measured_series(number) for number in range(7)]
    told = await ask(agent, "signals", "--limit", "2")
    assert told.splitlines()[-1].startswith("2 containers; there are more, see --limit.")


async def test_for_programs_it_is_the_answer_as_it_came(agent, desk):
    body = json.loads(await ask(agent, "signals", "--json"))
    assert len(body["items"]) == 3
    assert body["items"][0]["points"] != []


async def test_values_that_cannot_be_read_now_are_said(agent, desk):
    desk.store_is_down = True
    result = await run("signals", "--url", agent)
    assert result.exit_code == 1
    assert "cannot be read now" in result.output


@pytest.mark.parametrize(
    ("value", "written"),
    [(0, "0m"), (0.0004, "0m"), (0.25, "250m"), (1, "1"), (1.5, "1.5"), (12.345, "12.35")],
)
def test_cores_are_written_as_kubernetes_does(value, written):
    assert in_cores(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0"),
        (512, "512"),
        (2048, "2Ki"),
        (64 * 2**20, "64Mi"),
        (1.5 * 2**30, "1.5Gi"),
        (1000 * 2**20, "1000Mi"),
        (3 * 2**40, "3Ti"),
    ],
)
def test_bytes_are_written_as_kubernetes_does(value, written):
    assert in_bytes(value) == written
