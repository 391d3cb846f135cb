"""Each action is a whole part: declared, documented, in the contract, and importable without extras."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from kronveil.actions import BUILT_IN
from kronveil.actions.reference import index, page
from kronveil.model.execution import Effect
from kronveil.sdk.actions import ActionComponent
from tests.actions.contracts import SCENES

PAGES = Path(__file__).parents[2] / "docs" / "reference" / "actions"
ELSEWHERE = {"wait", "http_request", "custom_script", "open_pull_request", "notify_oncall"}
"""Those whose contract is kept beside clusters."""


def test_every_action_has_its_contract():
    assert {each.name for each in BUILT_IN} == set(SCENES) | ELSEWHERE


@pytest.mark.parametrize("part", BUILT_IN, ids=lambda part: part.name)
def test_the_page_of_every_action_is_fresh_and_its_example_takes_known_parameters(part: ActionComponent):
    text = (PAGES / f"{part.name}.md").read_text(encoding="utf-8")
    assert text == page(part), "run: python -m kronveil.actions.reference docs/reference/actions"
    (step,) = YAML(typ="safe").load(text.partition("```yaml\n")[2].partition("```")[0])
    assert set(step.get("with", {})) <= set(part.parameters)
    assert {each.name for each in part.takes if each.is_required} <= set(step.get("with", {}))


def test_the_page_of_all_actions_is_fresh():
    assert (PAGES / "README.md").read_text(encoding="utf-8") == index()


def test_what_destroys_is_declared_as_that():
    assert {each.name for each in BUILT_IN if each.effect is Effect.DESTROY} == {"delete_job", "http_request"}
    assert {each.name for each in BUILT_IN if each.effect is Effect.READ} == {"run_diagnostic", "wait", "notify_oncall"}
