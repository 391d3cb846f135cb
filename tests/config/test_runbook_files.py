"""Runbooks in files: what is wrong is told to the line and character, all at once, and nothing wrong is loaded."""

from pathlib import Path

import pytest

from kronveil.config.problems import ConfigProblems
from kronveil.config.runbook_actions import known_actions
from kronveil.config.runbook_files import lint_files, load_runbooks

ACTIONS = known_actions()
SOUND = """\
name: Restart what hangs
description: >-
  Restarts it,
  and tells.
when: [pod.not_ready_long]
inputs:
  note: {type: text, default: hangs}
approvals: 2
settle: 90s
undo_on_failure: true
success: incident.event_count < 100
steps:
  - {name: Look, id: change, action: review_changes, diagnose: true}
  - name: Restart
    action: rollout_restart
    if: not default(steps.change.found, false)
    timeout: 30s
    retries: 2
    approval: true
  - {name: Sure?, ask: "Is ${{ target.name }} to be scaled?"}
  - name: All
    together:
      - {name: Scale, action: kubectl_scale, with: {by: 1, at_most: 5}, optional: true}
      - {name: Tell, action: notify_oncall, with: {message: "${{ target.name }} ${{ inputs.note }}"}}
  - {name: Each, for_each: incident.pods, as: each, action: restart_pod, with: {pod: "${{ each }}"}}
"""


def written(folder: Path, text: str, name: str = "mine.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def problems(folder: Path, text: str, name: str = "mine.yaml") -> list[str]:
    """What is wrong with a file, without the name of its folder."""
    path = written(folder, text, name)
    _, found = lint_files([path], ACTIONS)
    return [str(each).removeprefix(f"{folder}/") for each in found]


def with_steps(steps: str, head: str = "") -> str:
    return f"name: Mine\ndescription: For tests.\nwhen: [a.b]\n{head}steps:\n{steps}"


def test_the_bundled_runbooks_are_sound():
    found = load_runbooks(None, ACTIONS)
    assert {"pod-oom", "roll-back-release"} <= {each.id for each in found}
    assert all(each.source == "bundled" and each.text and each.digest for each in found)


def test_a_runbook_is_read_whole(tmp_path):
    (found,) = [each for each in load_runbooks(written(tmp_path, SOUND).parent, ACTIONS) if each.id == "mine"]
    assert found.description == "Restarts it, and tells."
    assert (found.approvals, found.undo_on_failure, found.success) == (2, True, "incident.event_count < 100")
    assert found.settle is not None
    assert found.settle.total_seconds() == 90
    look, restart, sure, both, each = found.steps
    assert (look.id, look.is_diagnosis, restart.retries, restart.needs_approval) == ("change", True, 2, True)
    assert (sure.question, [one.action for one in both.together]) == (
        "Is ${{ target.name }} to be scaled?",
        ["kubectl_scale", "notify_oncall"],
    )
    assert (each.for_each, each.item) == ("incident.pods", "each")


def test_one_of_the_operators_replaces_a_bundled_one_and_test_cases_are_no_runbooks(tmp_path):
    written(tmp_path, SOUND, "pod-oom.yaml")
    written(tmp_path, "- nonsense", "pod-oom.test.yaml")
    (found,) = [each for each in load_runbooks(tmp_path, ACTIONS) if each.id == "pod-oom"]
    assert (found.name, found.source) == ("Restart what hangs", str(tmp_path / "pod-oom.yaml"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            with_steps("  - {name: A, action: set_resourcez}\n"),
            ["mine.yaml:5:23 steps[0].action: there is no action set_resourcez. Did you mean set_resources?"],
        ),
        (
            with_steps("  - {name: A, action: set_resources, with: {raise_by: 5}}\n"),
            ["mine.yaml:5:45 steps[0].with.raise_by: set_resources takes no raise_by. Did you mean raise_by_percent?"],
        ),
        (
            with_steps("  - {name: A, action: set_resources, with: {raise_by_percent: half}}\n"),
            ["mine.yaml:5:63 steps[0].with.raise_by_percent: text is no whole number. Write 5."],
        ),
        (
            with_steps("  - name: A\n    action: kubectl_scale\n    if: steps.memory.trend == 'leak'\n"),
            ["mine.yaml:7:9 steps[0].if: steps has nothing named memory. There are: none."],
        ),
        (
            with_steps("  - name: A\n    action: kubectl_scale\n    if: true and inputs.percnt > 5\n"),
            ["mine.yaml:7:18 steps[0].if: inputs has nothing named percnt. There are: none."],
        ),
        (
            with_steps(
                "  - {name: A, id: m, action: review_memory}\n"
                "  - {name: B, action: kubectl_scale, if: steps.m.tren == 'leak'}\n"
            ),
            ["mine.yaml:6:42 steps[1].if: steps.m has nothing named tren. Did you mean trend?"],
        ),
        (
            with_steps("  - {name: A, action: cordon}\n").replace("a.b", "acme.outage, pod.oom_kiled"),
            ["mine.yaml:3:21 when[1]: there is no kind pod.oom_kiled. Did you mean pod.oom_killed?"],
        ),
        (
            with_steps("  - {name: A, action: cordon, else: why}\n"),
            ["mine.yaml:5:31 steps[0].else: has no if beside it. Write if: ... too."],
        ),
        (
            with_steps("  - {name: A, action: run_diagnostic, with: {check: tlss}}\n"),
            ["mine.yaml:5:53 steps[0].with.check: run_diagnostic has no tlss. Did you mean tls?"],
        ),
        (
            with_steps("  - {name: A, action: run_diagnostic, with: {check: dns, url: 'http://a'}}\n"),
            ["mine.yaml:5:58 steps[0].with.url: dns takes no url. There are: name."],
        ),
        (
            with_steps(
                "  - {name: A, id: m, action: run_diagnostic, with: {check: tls, host: a}}\n"
                "  - {name: B, action: kubectl_scale, if: steps.m.days_lef > 3}\n"
            ),
            ["mine.yaml:6:42 steps[1].if: steps.m has nothing named days_lef. Did you mean days_left?"],
        ),
        (
            with_steps("  - name: A\n    action: notify_oncall\n    with: {message: 'is ${{ incident.titel }}'}\n"),
            ["mine.yaml:7:29 steps[0].with.message: incident has nothing named titel. Did you mean title?"],
        ),
        (
            with_steps("  - {name: A, action: kubectl_scale, diagnose: true}\n"),
            ["mine.yaml:5:48 steps[0].diagnose: kubectl_scale does more than read. Leave diagnose out."],
        ),
        (
            with_steps("  - {name: A, action: kubectl_scale, ask: Sure?}\n"),
            ["mine.yaml:5:38 steps[0].ask: beside action. Make two steps of it."],
        ),
        (
            with_steps("  - {name: A}\n"),
            ["mine.yaml:5:5 steps[0]: says nothing to do. Write one of action, together, ask, runbook."],
        ),
        (
            with_steps("  - {name: A, action: kubectl_scale, if: '${{ true }}'}\n"),
            ["mine.yaml:5:42 steps[0].if: is an expression by itself. Leave ${{ and }} out."],
        ),
        (
            with_steps("  - {name: A, action: kubectl_scale, for_each: incident.title}\n"),
            ["mine.yaml:5:48 steps[0].for_each: text is no list."],
        ),
        (
            with_steps("  - {name: A, runbook: pod-om}\n"),
            ["mine.yaml:5:24 steps[0].runbook: there is no runbook pod-om. There are: mine."],
        ),
        (
            with_steps("  - {name: A, runbook: mine}\n"),
            ["mine.yaml:5:24 steps[0].runbook: comes round: mine -> mine. Take out a step that names a runbook."],
        ),
        (
            with_steps("  - {name: A, action: rollout_undo}\n", "inputs: {n: {type: numbr}}\n"),
            ["mine.yaml:4:20 inputs.n.type: no such type. Did you mean number?"],
        ),
        (
            with_steps("  - {name: A, action: cordon}\n", "inputs: {n: {type: number, default: 5, at_most: 3}}\n"),
            ["mine.yaml:4:37 inputs.n.default: '5' is out of bounds: at most 3."],
        ),
        (
            with_steps("  - {name: A, action: rollout_undo}\n", "inputs: {n: {type: number}}\n"),
            ["mine.yaml:4:13 inputs.n: has no default. It is proposed by itself, and nobody is asked."],
        ),
        (
            with_steps("  - {name: A, action: rollout_undo}\n", "success: incident.event_count\n"),
            ["mine.yaml:4:10 success: number is neither true nor false."],
        ),
        (
            with_steps("  - {name: A, id: x, action: rollout_undo}\n  - {name: B, id: x, action: rollout_undo}\n"),
            ["mine.yaml:6:19 steps[1].id: x is taken by another step. Write another."],
        ),
        (
            "name: A\nsteps: []\n",
            [
                "mine.yaml:1:1 description: is missing. Write description: ... here.",
                "mine.yaml:2:8 steps: is not a list of steps. Write - name: ... and action: ... for each.",
            ],
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_to_the_line_and_character(tmp_path, text, told):
    assert problems(tmp_path, text) == told


def test_all_problems_of_all_files_are_told_at_once_and_nothing_is_loaded(tmp_path):
    written(tmp_path, with_steps("  - {name: A, action: nothing_like_it}\n"), "a.yaml")
    written(tmp_path, with_steps("  - {name: A, action: rollout_undo, if: 1 +}\n"), "b.yaml")
    with pytest.raises(ConfigProblems) as caught:
        load_runbooks(tmp_path, ACTIONS)
    assert [Path(each.file).name for each in caught.value.problems] == ["a.yaml", "b.yaml"]


def test_the_wording_of_a_runbook_within_counts_as_its_own(tmp_path):
    inner = with_steps("  - {name: A, action: rollout_undo}\n")
    written(tmp_path, inner, "inner.yaml")
    written(tmp_path, with_steps("  - {name: A, runbook: inner}\n"), "outer.yaml")
    before = {each.id: each for each in load_runbooks(tmp_path, ACTIONS)}
    written(tmp_path, inner.replace("For tests", "Otherwise"), "inner.yaml")
    after = {each.id: each for each in load_runbooks(tmp_path, ACTIONS)}
    assert [each.id for each in after["outer"].parts] == ["inner"]
    assert before["outer"].digest != after["outer"].digest


PYTHON = """\
from datetime import timedelta

from kronveil.runbooks import Input, Runbook, Step, register

register(
    Runbook(
        id="scale-each",
        name="Scale out",
        description="Adds replicas.",
        incident_types=["HighLatency"],
        inputs={"by": Input(type="number", default=2, at_most=5), "hard": Input(type="flag", default=False)},
        steps=[
            Step("Look", id="change", action="review_changes", diagnose=True),
            Step(
                "Scale",
                action="kubectl_scale",
                params={"by": "${{ inputs.by }}"},
                condition="not default(steps.change.found, false)",
                timeout=timedelta(seconds=90),
                retries=0,
            ),
            *(Step(f"Tell {who}", action="notify_oncall", params={"message": who}) for who in ("a", "b")),
        ],
        auto_execute=True,
        settle="3m",
    )
)
"""


def test_a_runbook_in_python_is_the_same_as_one_in_yaml(tmp_path):
    written(tmp_path, PYTHON, "scaling.py")
    (found,) = [each for each in load_runbooks(tmp_path, ACTIONS) if each.id == "scale-each"]
    assert (found.name, found.incident_kinds, found.auto_execute) == ("Scale out", ("HighLatency",), True)
    assert [(one.name, one.default) for one in found.inputs] == [("by", 2), ("hard", False)]
    assert [each.name for each in found.steps] == ["Look", "Scale", "Tell a", "Tell b"]
    scale = found.steps[1]
    assert (scale.condition, scale.timeout.total_seconds(), scale.retries) == (
        "not default(steps.change.found, false)",
        90,
        0,
    )
    assert found.source == str(tmp_path / "scaling.py")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            PYTHON.replace("kubectl_scale", "kubectl_scal"),
            "mine.py scale-each.steps[1].action: there is no action kubectl_scal. Did you mean kubectl_scale?",
        ),
        (
            PYTHON.replace('settle="3m"', 'settle="soon"'),
            "mine.py scale-each.settle: is not a duration. Write 15s, 2m or 1h30m.",
        ),
        ("x = 1\nraise ValueError('no')\n", "mine.py:2: ValueError: no."),
        ("import sys\nsys.exit('bye')\n", "mine.py:2: SystemExit: bye."),
        ("x = (\n", "mine.py:1: SyntaxError: '(' was never closed (mine.py, line 1)."),
        ("x = 1\n", "mine.py: registers no runbook. Call register(Runbook(...)), from kronveil.runbooks."),
    ],
)  # fmt: skip
def test_what_is_wrong_in_python_is_told_as_well(tmp_path, text, told):
    assert problems(tmp_path, text, "mine.py") == [told]


@pytest.mark.parametrize("name", ["mine.py", "mine.yaml"])
def test_a_file_that_is_no_text_is_told_and_nothing_breaks(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"name: \xff\xfe\x00")
    runbooks, found = lint_files([path], ACTIONS)
    assert (runbooks, len(found)) == ({}, 1)
