"""`kronveil policy test` and `kronveil check` say of rules what is wrong with them, and where."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from kronveil.cli.commands import app


def kronveil(*arguments: object) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments)])


def test_the_bundled_rules_hold():
    result = kronveil("policy", "test")
    assert (result.exit_code, "29 of 29 hold" in result.output) == (0, True)


@pytest.mark.parametrize(("allow", "code"), [("true", 0), ("false", 1)])
def test_a_case_that_does_not_hold_is_named_and_ends_with_1(tmp_path: Path, allow: str, code: int):
    (tmp_path / "mine.rego").write_text("package kronveil.policy\n\nallow := true\n")
    (tmp_path / "mine.cases.yaml").write_text(f"cases:\n- {{name: all is well, input: {{}}, allow: {allow}}}\n")
    result = kronveil("policy", "test", tmp_path)
    assert (result.exit_code, "all is well: it is allowed" in result.output) == (code, bool(code))


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ("{directory: %s}", "mine.rego:3:9: this is unclosed"),
        ("{directory: /nowhere/at/all}", "is no directory"),
        ("{time_zone: Mars/North}", "policy.time_zone: 'Mars/North' is no time zone"),
        ('{freezes: [{name: x, begins: "2026-02-30T00:00:00Z", ends: "2027-01-01T00:00:00Z"}]}', "policy.freezes[0]"),
        (
            '{freezes: [{name: x, begins: "2027-01-01T00:00:00Z", ends: "2026-01-01T00:00:00Z"}]}',
            "ends before it begins",
        ),
    ],
)
def test_a_configuration_whose_policy_cannot_hold_is_refused_before_the_start(tmp_path: Path, policy: str, words: str):
    (tmp_path / "mine.rego").write_text("package kronveil.policy\n\nallow = {")
    file = tmp_path / "kronveil.yaml"
    file.write_text("policy: " + policy.replace("%s", str(tmp_path)))
    result = kronveil("check", file)
    assert (result.exit_code, words in result.output) == (2, True), result.output
