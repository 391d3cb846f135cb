"""Test cases beside runbooks: those of all that come along pass, and one that does not says what came and where."""

import json
import re
from pathlib import Path

import jsonschema_rs
import pytest
from ruamel.yaml import YAML

from kronveil.config.runbook_actions import known_actions
from kronveil.config.runbook_files import BUNDLED, lint_files, runbook_paths
from kronveil.config.runbook_reference import page
from kronveil.config.runbook_schema import schema
from kronveil.config.runbook_tests import cases_path, run_cases

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "runbooks"
ACTIONS = known_actions()
RUNBOOK = """\
name: Scale
description: For tests.
inputs:
  by: {type: number, default: 1}
steps:
  - {name: Look, id: change, action: review_changes, diagnose: true}
  - name: Scale
    action: kubectl_scale
    if: default(steps.change.found, false)
    with: {by: "${{ inputs.by }}"}
  - {name: Tell, action: notify_oncall, approval: true}
"""
LEFT_OUT = "it is not the case that default(steps.change.found, false)"
WRITTEN = [path for folder in (BUNDLED, EXAMPLES) for path in runbook_paths(folder)]


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_every_runbook_that_comes_along_is_sound_and_passes_its_cases(path):
    bundled, _ = lint_files(runbook_paths(BUNDLED), ACTIONS)
    runbooks, problems = lint_files([path], ACTIONS, bundled)
    assert not problems
    assert runbooks
    for runbook in runbooks.values():
        results = run_cases(cases_path(path, runbook), runbook, ACTIONS)
        assert len(results) > 1
        assert [str(problem) for result in results for problem in result.problems] == []


@pytest.mark.parametrize("path", [each for each in WRITTEN if each.suffix == ".yaml"], ids=lambda path: path.stem)
def test_every_runbook_that_comes_along_fits_the_schema(path):
    jsonschema_rs.validate(schema(), YAML(typ="safe").load(path))


def test_the_published_schema_is_that_of_the_code():
    published = json.loads((ROOT / "docs" / "runbook.schema.json").read_text(encoding="utf-8"))
    assert published == schema(), "run: python -m kronveil.config.runbook_schema docs/runbook.schema.json"


@pytest.mark.parametrize(
    ("change", "is_right"),
    [
        ({"action": "kubectl_scale", "with": {"by": 1}}, True),
        ({"action": "kubectl_scale", "with": {"by": "${{ inputs.by }}"}}, True),
        ({"action": "kubectl_scale", "with": {"by": "one"}}, False),
        ({"action": "kubectl_scale", "with": {"buy": 1}}, False),
        ({"action": "kubectl_scal"}, False),
        ({"ask": "Sure?"}, True),
        ({"ask": "Sure?", "action": "kubectl_scale"}, False),
        ({}, False),
        ({"together": [{"name": "a", "ask": "?"}]}, True),
        ({"together": [{"name": "a"}]}, False),
    ],
)
def test_the_schema_lets_an_editor_see_what_is_wrong(change, is_right):
    document = {"name": "A", "description": "B", "steps": [{"name": "C", **change}]}
    assert jsonschema_rs.is_valid(schema(), document) is is_right


def told(folder: Path, cases: str) -> list[str]:
    """What is said about cases of the runbook above, by their places."""
    path = folder / "scale.yaml"
    path.write_text(RUNBOOK, encoding="utf-8")
    beside = folder / "scale.test.yaml"
    beside.write_text(cases, encoding="utf-8")
    runbooks, problems = lint_files([path], ACTIONS)
    assert not problems
    assert cases_path(path, runbooks["scale"]) == beside
    results = run_cases(beside, runbooks["scale"], ACTIONS)
    return [str(each).removeprefix(f"{folder}/scale.test.yaml:") for result in results for each in result.problems]


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("{expect: {steps: [drain]}}", "3:23 cases[0].expect.steps[0]: it is notify_oncall (Tell)."),
        ("{expect: {steps: []}}", "3:22 cases[0].expect.steps: the plan has 1 steps: notify_oncall."),
        (
            "{given: {findings: {change: {found: true}}}, expect: {steps: [drain, Tell]}}",
            "3:67 cases[0].expect.steps[0]: it is kubectl_scale (Scale).",
        ),
        (
            "{given: {findings: {change: {found: true}}}, expect: {steps: [{parameters: {by: 2}}, Tell]}}",
            "3:85 cases[0].expect.steps[0].parameters.by: it is 1.",
        ),
        (
            "{expect: {left_out: []}}",
            f"3:25 cases[0].expect.left_out: what is left out is: Scale ({LEFT_OUT}).",
        ),
        ("{expect: {needs_approval: false}}", "3:31 cases[0].expect.needs_approval: it is needed."),
        (
            "{expect: {fails: never}}",
            "3:22 cases[0].expect.fails: a plan is made: review_changes, kubectl_scale, notify_oncall.",
        ),
        (
            "{given: {impossible: {Tell: nobody}}, expect: {steps: []}}",
            "3:51 cases[0].expect: no plan can be made: Tell: nobody.",
        ),
        ("{given: {inputs: {bye: 1}}, expect: {fails: Did you mean by}}", None),
        (
            "{given: {findings: {chance: {}}}, expect: {steps: []}}",
            "3:25 cases[0].given.findings.chance: no such key. Did you mean change?",
        ),
        ("{expects: {}}", "3:6 cases[0].expects: no such key. Did you mean expect?"),
    ],
)  # fmt: skip
def test_a_case_that_fails_says_what_came_instead_and_where(tmp_path, case, expected):
    found = told(tmp_path, f"cases:\n  # one\n  - {case}\n")
    assert found[:1] == ([expected] if expected else [])


def test_the_reference_page_is_that_of_the_code():
    published = (ROOT / "docs" / "reference" / "runbooks.md").read_text(encoding="utf-8")
    assert published == page(), "run: python -m kronveil.config.runbook_reference docs/reference/runbooks.md"


def test_what_the_page_on_writing_runbooks_shows_works(tmp_path):
    shown = (ROOT / "docs" / "how-to" / "write-a-runbook.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```(yaml|python)\n(.*?)```", shown, re.DOTALL)
    runbook, cases = [text for kind, text in blocks if kind == "yaml" and not text.startswith("runbooks:")]
    (tmp_path / "restart-what-hangs.yaml").write_text(runbook, encoding="utf-8")
    (tmp_path / "restart-what-hangs.test.yaml").write_text(cases, encoding="utf-8")
    (tmp_path / "scaling.py").write_text(next(text for kind, text in blocks if kind == "python"), encoding="utf-8")
    runbooks, problems = lint_files(runbook_paths(tmp_path), ACTIONS)
    assert (sorted(runbooks), problems) == (["restart-what-hangs", "scale-checkout"], [])
    results = run_cases(tmp_path / "restart-what-hangs.test.yaml", runbooks["restart-what-hangs"], ACTIONS)
    told = [f"ok    restart-what-hangs: {each.name}" for each in results if not each.problems]
    assert len(told) == 2
    assert "\n".join(told) in shown
