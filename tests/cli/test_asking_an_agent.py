"""The commands that ask a running agent: tables for people, JSON for programs, words and a code for every failure."""

import json
import os
import re
import signal
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import anyio
import pytest

from kronveil.api import ApiOptions
from kronveil.cli.tables import table
from kronveil.model.fleet import ClusterState
from kronveil.model.incident import ClusterRef, IncidentStatus, Moment
from kronveil.sdk.secret import Secret
from tests.api.conftest import served
from tests.api.plain_desk import NOON, PlainDesk, change, event, incident, member, suspect
from tests.cli.asking import ask, run

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nobody_elses_agent")]


async def test_clusters_are_a_table_with_unknown_as_a_question_mark(agent, desk):
    desk.fleet_members = [
        member("east"),
        member("ap-south", ClusterState.UNREACHABLE, why="connection refused 10.1.0.1:6443"),
        member("west", ClusterState.UNKNOWN),
    ]
    lines = (await ask(agent, "clusters")).splitlines()
    assert lines[0].split() == ["CLUSTER", "STATE", "PODS", "NODES", "AGE", "WHY"]
    reached = ["41", "3", "2", "s"]
    assert lines[1].split() == ["ap-south", "unreachable", *reached, "connection", "refused", "10.1.0.1:6443"]
    assert lines[2].split() == ["east", "live", *reached]
    assert lines[3].split() == ["west", "unknown", "?", "?", "?"]
    assert lines[-1] == "1 of 3 clusters answer; totals leave out west."


async def test_a_fleet_that_answers_whole_says_so_and_an_empty_one_says_what_to_do(agent, desk):
    desk.fleet_members = [member("east"), member("west")]
    assert (await ask(agent, "clusters")).splitlines()[-1] == "All 2 clusters answer."
    desk.fleet_members = []
    assert "kronveil init" in await ask(agent, "clusters")


async def test_a_cluster_is_added_paused_resumed_and_removed(agent, desk, tmp_path):
    added = await ask(agent, "clusters", "add", "north", "--kubeconfig", str(tmp_path / "kube"), "--namespace", "shop")
    assert added == "north is unknown\n"
    assert desk.requests[0].kubeconfig_path == str(tmp_path / "kube")
    assert desk.requests[0].namespaces == ("shop",)
    paused = await ask(agent, "clusters", "pause", "north", "--reason", "upgrade")
    assert paused == "north is unknown: paused by local: upgrade\n"
    assert (await ask(agent, "clusters", "resume", "north")) == "north is unknown\n"
    assert "no longer" in await ask(agent, "clusters", "remove", "north")
    again = await run("clusters", "remove", "north", "--url", agent)
    assert again.exit_code == 1
    assert "north" in again.stderr
    of_the_file = await run("clusters", "remove", "east", "--url", agent)
    assert "configuration file" in of_the_file.stderr


async def test_status_tells_health_totals_and_what_they_leave_out(agent, desk):
    desk.is_simulated = True
    told = await ask(agent, "status")
    assert "SIMULATED WORLD" in told
    assert "is healthy, up for 2 min" in told
    assert "pods       ≥ 41" in told
    assert "incidents  1 high" in told
    assert "200 received = 40 delivered + 158 merged + 1 dropped + 1 in flight" in told
    assert "DO NOT BALANCE" not in told
    assert "store" in told
    assert told.splitlines()[-1] == "1 of 2 clusters answer; totals leave out west."


async def test_books_that_do_not_balance_are_shouted(agent, desk):
    desk.books = lambda: replace(PlainDesk.books(desk), received=300)
    assert "THEY DO NOT BALANCE" in await ask(agent, "status")


async def test_incidents_that_need_somebody_are_listed_and_resolved_ones_on_demand(agent, desk):
    assert "inc-1" in await ask(agent, "incidents")
    assert "No incidents match." in await ask(agent, "incidents", "--severity", "critical")
    await ask(agent, "incidents", "inc-1", "--resolve", "--reason", "rolled back")
    assert "inc-1" not in await ask(agent, "incidents")
    assert "inc-1" in await ask(agent, "incidents", "--all")
    assert "inc-1" in await ask(agent, "incidents", "--status", "open", "--status", "resolved")


async def test_one_incident_is_shown_with_its_story_and_its_evidence(agent):
    told = await ask(agent, "incidents", "inc-1")
    assert told.startswith(
        "Memory ran out in payments\nhigh, open, pod.oom_killed\ndeployment/payments in shop, east\n"
    )
    assert "opened" in told
    assert "pod/payments-1 in shop" in told
    assert "2 of 12 events shown." in told


async def test_a_page_tells_what_changed_and_how_long_before_the_start(agent, desk):
    assert "WHAT CHANGED: nothing changed nearby." in await ask(agent, "incidents", "inc-1")
    desk.ledger = [change(number - 60, name=f"other-{number}") for number in range(7)] + [change(-41)]
    desk.known["inc-1"] = incident(1, suspects=(suspect(-41), suspect(99, 0.31)))
    lines = (await ask(agent, "incidents", "inc-1")).splitlines()
    start = lines.index("WHAT CHANGED")
    assert lines[start + 1].split() == ["SCORE", "WHEN", "WHO", "OF", "WHAT"]
    first = lines[start + 2].split()
    assert first[:5] == ["0.82", "42", "s", "before", "kubectl-client-side-apply"]
    assert "deployment/payments in shop" in lines[start + 2]
    assert lines[start + 3].split()[:4] == ["0.31", "?", "?", "?"]
    assert lines[start + 4].split()[:4] == ["-", "55", "s", "before"]
    assert lines[start + 9].startswith("2 other changes nearby are left out: kronveil changes --around 2026-11-25T12")


async def test_what_was_changed_before_an_incident_was_back_is_told_so(agent, desk):
    back = Moment(NOON + timedelta(minutes=10), "reopened", "it is back")
    desk.ledger = [change(41), change(599)]
    opened = incident(1).timeline[0]
    desk.known["inc-1"] = incident(1, suspects=(suspect(599), suspect(41)), timeline=(opened, back))
    rows = [line.split()[1:5] for line in (await ask(agent, "incidents", "inc-1")).splitlines()]
    assert ["1", "s", "before", "it"] in rows
    desk.known["inc-1"] = incident(1, suspects=(suspect(41),))
    rows = [line.split()[1:4] for line in (await ask(agent, "incidents", "inc-1")).splitlines()]
    assert ["40", "s", "after"] in rows


def wider(number, *parts):
    refs = (ClusterRef("uid-east", "east", None), ClusterRef("uid-west", "west", None))
    return incident(number, children=parts, clusters=refs, title="Memory ran out in two clusters")


async def test_a_wider_incident_names_its_parts_and_a_part_what_it_is_part_of(agent, desk):
    west = incident(2, cluster="west", parent_id="inc-3", status=IncidentStatus.RESOLVED)
    desk.known = {"inc-2": west, "inc-3": wider(3, "inc-2", "inc-long-gone")}
    told = await ask(agent, "incidents", "inc-3")
    rows = [line.split()[:3] for line in told.splitlines()]
    assert ["inc-2", "resolved", "west"] in rows
    assert ["inc-long-gone", "?", "?"] in rows
    assert "part of inc-3: Memory ran out in two clusters\n" in await ask(agent, "incidents", "inc-2")


async def test_parts_are_indented_under_their_whole_and_counted_with_it(agent, desk):
    parts = [incident(1, parent_id="inc-3"), incident(2, cluster="west", parent_id="inc-3")]
    desk.known = {each.id: each for each in (*parts, wider(3, "inc-1", "inc-2"), incident(4))}
    lines = (await ask(agent, "incidents")).splitlines()
    assert [line.partition(" high")[0].rstrip() for line in lines[1:5]] == ["inc-4", "inc-3", "  inc-2", "  inc-1"]
    assert lines[-1].startswith("2 incidents, one of them in 2 clusters.")
    del desk.known["inc-4"]
    assert (await ask(agent, "incidents")).splitlines()[-1].startswith("1 incident, in 2 clusters.")


async def test_when_all_is_over_it_says_so_and_how_to_see_it(agent, desk):
    over = [incident(number, status=IncidentStatus.RESOLVED) for number in range(1, 6)]
    desk.known = {each.id: each for each in over}
    told = await ask(agent, "incidents")
    assert told.startswith("Nothing needs you; 5 are over: kronveil incidents --all.")
    desk.known = {}
    assert (await ask(agent, "incidents")).startswith("Nothing needs you.")


async def test_evidence_that_repeats_is_one_row_and_only_the_newest_rows_are_shown(agent, desk):
    again = [replace(event(number), resource=event(1).resource) for number in range(1, 4)]
    desk.stored = [*(event(number) for number in range(-19, 0)), *again]
    desk.known["inc-1"] = incident(1, evidence=tuple(each.id for each in desk.stored), event_count=22)
    lines = (await ask(agent, "incidents", "inc-1")).splitlines()
    assert lines[-3].endswith("out of memory (x3, last 12:00:03)")
    assert lines[-1] == "17 of 22 events shown. 5 older rows left out: --all shows them."
    assert sum("pod/payments-" in line for line in lines) == 15
    desk.known["inc-1"] = incident(1, evidence=("ev-00001",), event_count=1)
    assert (await ask(agent, "incidents", "inc-1")).splitlines()[-1] == "Its one event is shown."


async def test_an_event_is_explained_stage_by_stage(agent, desk):
    told = await ask(agent, "explain", "ev-00001")
    assert told.startswith("pod.oom_killed of pod/payments-1 in shop, east\n")
    assert told.splitlines()[-1].split()[:2] == ["dedup", "new"]
    assert "what the store says" in await ask(agent, "explain", "ev-00002")
    assert json.loads(await ask(agent, "explain", "ev-00001", "--json"))["remembered"] is True
    unknown = await run("explain", "made-up", "--url", agent)
    assert (unknown.exit_code, unknown.stderr.count("There is no")) == (1, 1)


async def test_changes_are_listed_with_who_made_them_and_who_suspects_them(agent, desk):
    desk.ledger = [change(1), change(2, cluster="west", kind="replicas")]
    desk.known["inc-1"] = incident(1, suspects=(suspect(1),))
    lines = (await ask(agent, "changes")).splitlines()
    assert lines[0].split()[:3] == ["AT", "CLUSTER", "KIND"]
    assert "kubectl-client-side-apply" in lines[1]
    assert lines[1].endswith("inc-1")
    assert " ? " in lines[2]
    assert lines[-1] == "2 changes. Not watched now: west. Not read: cicd, cloud."
    assert "No changes match." in await ask(agent, "changes", "--kind", "env")
    narrowed = await ask(agent, "changes", "--target", "shop/payments", "--cluster", "west", "--json")
    assert [each["id"] for each in json.loads(narrowed)["items"]] == ["chg-2"]
    assert "1 change." in await ask(agent, "changes", "--around", "2026-11-25T12:00:01Z", "--window", "1s")


@pytest.mark.parametrize(
    "arguments",
    [
        ["incidents", "--acknowledge"],
        ["incidents", "inc-1", "--resolve"],
        ["incidents", "inc-1", "--resolve", "--reason", " "],
        ["incidents", "inc-1", "--reason", "x"],
        ["incidents", "inc-1", "--acknowledge", "--resolve", "--reason", "x"],
        ["incidents", "--status", "opne"],
        ["events", "--limit", "0"],
        ["events", "--severity", "worst"],
        ["events", "--since", "yesterday"],
        ["events", "--since", "2026-11-25T02:00:00"],
        ["events", "--since", "999999999d"],
        ["events", "--colour"],
        ["changes", "--window", "1h"],
        ["clusters", "pause", "east"],
        ["clusters", "add", "a/b"],
        ["changes", "--window", "0s", "--around", "1h"],
        ["changes", "--window", "999999999d", "--around", "1h"],
        ["changes", "--around", "noon"],
    ],
)
async def test_a_wrong_command_line_ends_with_2_and_words(agent, desk, arguments):
    result = await run(*arguments, "--url", agent)
    assert result.exit_code == 2, result.output
    assert len(result.stderr) > 10
    assert "Traceback" not in result.output
    assert desk.acts == []


async def test_events_are_listed_oldest_first_and_narrowed(agent):
    lines = (await ask(agent, "events")).splitlines()
    assert [line.split()[2] for line in lines[1:3]] == ["east", "west"]
    assert lines[-1] == "2 events. Not watched now: west."
    assert "No events match" in await ask(agent, "events", "--kind", "pod.changed", "--since", "2d")


@pytest.mark.parametrize(
    "arguments",
    [
        ["status"],
        ["clusters"],
        ["incidents"],
        ["incidents", "inc-1"],
        ["events"],
        ["incidents", "inc-1", "--acknowledge"],
    ],
)
async def test_json_is_for_programs(agent, arguments):
    told = await ask(agent, *arguments, "--json")
    assert isinstance(json.loads(told), dict)


async def test_text_from_a_cluster_cannot_drive_the_terminal(agent, desk):
    desk.stored = [replace(event(1), message="\x1b[2Jgone [red]not markup[/red]\nsecond line\x07")]
    for arguments in (["events"], ["incidents", "inc-1"]):
        told = await ask(agent, *arguments)
        assert "\x1b" not in told
        assert "\x07" not in told
        assert "gone [red]not markup[/red] second line" in told


@pytest.mark.parametrize("arguments", [["status"], ["clusters"], ["incidents"], ["events"], ["events", "-f"]])
async def test_an_agent_that_does_not_answer_is_3_with_the_way_out(arguments):
    result = await run(*arguments, "--url", "http://127.0.0.1:9")
    assert result.exit_code == 3
    assert "No agent answers at http://127.0.0.1:9: connection refused.\n" in result.stderr
    assert "kronveil up" in result.stderr
    assert "Traceback" not in result.output


async def test_why_nobody_was_reached_is_said_in_words(agent):
    tls = await run("status", "--url", agent.replace("http:", "https:"))
    assert (tls.exit_code, "it does not speak TLS" in tls.stderr) == (3, True)
    name = await run("status", "--url", "http://nobody.invalid:8080")
    assert (name.exit_code, "its name cannot be resolved" in name.stderr) == (3, True)


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "ftp://x", "http://", "http://x:99999", "http://[x"])
async def test_an_address_that_is_none_is_wrong_usage(url):
    result = await run("status", "--url", url)
    assert result.exit_code == 2
    assert "http://127.0.0.1:8080" in result.stderr


async def test_what_is_not_there_and_what_is_refused_ends_with_1_and_the_agents_words(agent):
    missing = await run("incidents", "made-up", "--url", agent)
    assert (missing.exit_code, "There is no incident 'made-up'" in missing.stderr) == (1, True)
    await run("incidents", "inc-1", "--resolve", "--reason", "x", "--url", agent)
    again = await run("incidents", "inc-1", "--resolve", "--reason", "y", "--url", agent)
    assert (again.exit_code, "It is resolved already." in again.stderr) == (1, True)


async def test_something_else_that_answers_is_not_taken_for_an_agent(desk, tmp_path):
    (tmp_path / "index.html").write_text("hello")
    async with served(desk, ApiOptions(console=tmp_path)) as authority:
        result = await run("status", "--url", f"http://{authority}/elsewhere")
    assert result.exit_code == 1
    assert "not as a Kronveil agent" in result.stderr


async def test_a_token_comes_from_the_environment(desk):
    options = ApiOptions(auth="required", bootstrap_token=Secret("a-long-token"))
    async with served(desk, options) as authority:
        url = f"http://{authority}"
        stranger = await run("clusters", "--url", url)
        wrong = await run("clusters", "--url", url, env={"KRONVEIL_TOKEN": "another"})
        assert (stranger.exit_code, wrong.exit_code) == (1, 1)
        assert "KRONVEIL_TOKEN" in stranger.stderr
        assert "kronveil token create" in stranger.stderr
        watcher = await run("events", "-f", "--url", url)
        assert (watcher.exit_code, "kronveil token create" in watcher.stderr) == (1, True)
        assert "KRONVEIL_TOKEN" in wrong.stderr
        assert "east" in await ask(url, "clusters", env={"KRONVEIL_TOKEN": "a-long-token"})


async def test_without_an_address_the_one_this_users_agent_wrote_down_is_asked(agent, tmp_path):
    port = int(agent.rpartition(":")[2])
    for folder in ("kronveil", "kronveil-demo"):
        (tmp_path / folder).mkdir()
    (tmp_path / "kronveil" / "ports.json").write_text("not json")
    (tmp_path / "kronveil-demo" / "ports.json").write_text(json.dumps({"host": "0.0.0.0", "api": port}))
    result = await run("clusters")
    assert result.exit_code == 0, result.output
    assert "east" in result.stdout


async def test_an_agent_whose_only_port_is_the_consoles_is_found_by_it(agent, tmp_path):
    (tmp_path / "kronveil").mkdir()
    ports = {"host": "127.0.0.1", "api": None, "dashboard": int(agent.rpartition(":")[2])}
    (tmp_path / "kronveil" / "ports.json").write_text(json.dumps(ports))
    assert (await run("clusters")).exit_code == 0


async def test_a_token_that_cannot_be_one_is_said_so(agent):
    result = await run("clusters", "--url", agent, env={"KRONVEIL_TOKEN": "kv\u2026"})
    assert (result.exit_code, "KRONVEIL_TOKEN holds what is no token" in result.stderr) == (2, True)


async def test_the_address_in_the_environment_is_asked(agent):
    assert (await run("clusters", env={"KRONVEIL_URL": agent})).exit_code == 0


def test_in_a_narrow_window_the_text_at_the_end_is_still_told(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    row = ("2026-11-25T12:00:00.123Z", "high", "us-east-prod", "pod.image_pull_failed", "pod/checkout-5f7", "not found")
    table(("AT", "SEVERITY", "CLUSTER", "KIND", "OF", "MESSAGE"), [row])
    lines = [line.rstrip() for line in re.sub("\x1b\\[[0-9;]*m", "", capsys.readouterr().out).splitlines()]
    assert lines == [
        "AT                         SEVERITY   CLUSTER        KIND",
        "    OF   MESSAGE",
        "2026-11-25T12:00:00.123Z   high       us-east-prod   pod.image_pull_failed",
        "    pod/checkout-5f7   not found",
    ]


def test_in_a_window_that_is_wide_enough_it_stands_beside_the_rest(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "120")
    table(("CLUSTER", "PODS", "WHY"), [("east", 7, ""), ("west", 41, "connection refused")], right=("PODS",))
    lines = [line.rstrip() for line in re.sub("\x1b\\[[0-9;]*m", "", capsys.readouterr().out).splitlines()]
    assert lines == ["CLUSTER   PODS   WHY", "east         7", "west        41   connection refused"]


# Following


@asynccontextmanager
async def following(url, *arguments):
    """The real command as a process of its own; gives functions for its next line and its process."""
    # Whoever runs the tests in a shell's background has them ignore interrupts, and what they start as well.
    heeds = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{heeds}; import typer; from kronveil.cli.events import events; typer.run(events)"
    argv = [sys.executable, "-c", code, "-f", "--url", url, *arguments]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    async with await anyio.open_process(argv, env=environment) as process:
        buffered = bytearray()

        async def line(stream=process.stdout):
            with anyio.fail_after(60):
                while b"\n" not in buffered:
                    buffered.extend(await stream.receive())
            told, _, rest = bytes(buffered).partition(b"\n")
            buffered[:] = rest
            return told.decode()

        try:
            yield line, process
        finally:
            if process.returncode is None:
                process.kill()


async def test_following_shows_what_was_and_then_what_happens(agent, desk):
    async with following(agent, "--json", "--cluster", "east") as (line, _):
        assert json.loads(await line())["id"] == "ev-00001"
        desk.tell(event(3, cluster="west"), event(4))
        assert json.loads(await line())["id"] == "ev-00004"


async def test_following_ends_with_130_when_interrupted(agent):
    async with following(agent) as (line, process):
        assert "pod.oom_killed" in await line()
        await line()
        process.send_signal(signal.SIGINT)
        with anyio.fail_after(60):
            assert await process.wait() == 130
        assert b"Traceback" not in b"".join([chunk async for chunk in process.stderr])


async def test_following_survives_a_restart_and_repeats_nothing(desk):
    async with AsyncExitStack() as first_run:
        authority = await first_run.enter_async_context(served(desk))
        async with following(f"http://{authority}", "--json") as (line, _):
            assert [json.loads(await line())["id"] for _ in range(2)] == ["ev-00001", "ev-00002"]
            await first_run.aclose()
            restarted = PlainDesk(epoch="epoch-2")
            restarted.stored = [*desk.stored, event(5)]
            async with served(restarted, port=int(authority.rpartition(":")[2])):
                assert json.loads(await line())["id"] == "ev-00005"
                restarted.tell(event(6))
                assert json.loads(await line())["id"] == "ev-00006"
