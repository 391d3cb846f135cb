"""Rules are evaluated for real, within a deadline, outside of the agent's own process; what cannot be is an error."""

from datetime import timedelta
from pathlib import Path

import anyio
import pytest

from kronveil.policies.rego import RegoEngine, open_rego
from kronveil.policies.testing import tried
from kronveil.policies.texts import bundled, chosen, in_directory
from kronveil.sdk.errors import ConfigError, Permanent, Transient
from kronveil.sdk.policy import POLICY, PROMOTION, Module

pytestmark = pytest.mark.anyio
HEAD = "package mine\n\nimport rego.v1\n\n"
# Ends only after hours, in native code that cannot be interrupted.
ENDLESS = "numbers.range(1, 4000)"
SLOW = f"slow := count([1 | some a in {ENDLESS}; some b in {ENDLESS}; some c in {ENDLESS}; a + b == c])\n"


def module(text: str, name: str = "mine.rego") -> Module:
    return Module(name, "mine", name, HEAD + text)


async def test_every_bundled_case_holds() -> None:
    found = await tried(None)
    assert len(found) > 20
    assert [each for each in found if each.problem] == []


async def test_the_bundled_rules_deny_what_they_are_told_nothing_of() -> None:
    async with open_rego(bundled()) as engine:
        assert (await engine.evaluate(POLICY, {}))["allow"] is False
        assert (await engine.evaluate(PROMOTION, {}))["allow"] is False


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("x := 1 if input.a\n\nx := 2 if input.a", "two values"),
        ("x := 1 / input.zero", "cannot be evaluated"),
        ('x := time.parse_rfc3339_ns("no time")', "cannot be evaluated"),
    ],
)
async def test_a_rule_that_cannot_be_evaluated_is_an_error_not_an_answer(rule: str, words: str) -> None:
    async with open_rego([module(rule)]) as engine:
        with pytest.raises(Permanent, match=words):
            await engine.evaluate("mine", {"a": True, "zero": 0})


async def test_a_package_that_is_not_there_is_an_error() -> None:
    async with open_rego([module("x := 1")]) as engine:
        with pytest.raises(Permanent, match="no package elsewhere"):
            await engine.evaluate("elsewhere", {})


async def test_nothing_can_be_fetched_by_a_rule() -> None:
    async with open_rego([module('x := http.send({"method": "get", "url": "http://127.0.0.1:1/"})')]) as engine:
        with pytest.raises(Permanent, match="cannot be evaluated"):
            await engine.evaluate("mine", {})


async def test_an_evaluation_that_never_ends_is_given_up_and_the_next_is_answered() -> None:
    async with open_rego([module(f"fast := 1 if input.a\n\n{SLOW}")], timedelta(milliseconds=300)) as engine:
        with pytest.raises(Transient, match="not evaluated within"):
            await engine.ask("data.mine.slow", {})
        patient = RegoEngine(engine.modules, timedelta(seconds=30))
        assert await patient.ask("data.mine.fast", {"a": True}) == 1
        await patient.close()


async def test_rules_that_crash_the_interpreter_take_nothing_with_them() -> None:
    crashing = module('allow if count(deny) == 0\n\ndeny contains "a" if input.a\n\nx if allow with input as {"b": 1}')
    async with open_rego([crashing]) as engine:
        with pytest.raises(Permanent, match="crashed"):
            await engine.ask("data.mine.x", {})
        with pytest.raises(Permanent, match="crashed"):
            await engine.ask("data.mine.x", {})


async def test_many_who_ask_at_once_each_get_their_own_answer() -> None:
    found: dict[int, object] = {}
    async with open_rego([module("double := input.number * 2")], timedelta(seconds=60)) as engine:

        async def ask(number: int) -> None:
            found[number] = (await engine.evaluate("mine", {"number": number}))["double"]

        async with anyio.create_task_group() as tasks:
            for number in range(30):
                tasks.start_soon(ask, number)
    assert found == {number: number * 2 for number in range(30)}


async def test_who_is_cancelled_while_asking_leaves_no_answer_for_the_next() -> None:
    async with open_rego([module(f"double := input.number * 2\n\n{SLOW}")], timedelta(seconds=60)) as engine:
        with anyio.move_on_after(0.2):
            await engine.ask("data.mine.slow", {})
        assert await engine.ask("1 + 1", {}) == 2


async def test_a_text_that_is_no_rego_is_refused_by_file_line_and_column(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ConfigError, match=r"^mine\.rego:6:9: this is unclosed$"):
        async with open_rego([module("x := 1\nallow = {")]):
            pass
    assert capfd.readouterr() == ("", "")


def test_a_directory_adds_to_the_bundled_rules_and_replaces_the_packages_it_writes_anew(tmp_path: Path) -> None:
    (tmp_path / "mine.rego").write_text("package kronveil.policy\n\ndefault allow := false\n")
    (tmp_path / "mine_test.rego").write_text("package kronveil.policy_test\n")
    found = {each.package: each.source for each in chosen(tmp_path)}
    assert found["kronveil.policy"] == str(tmp_path / "mine.rego")
    assert (found["kronveil.bundled"], found["kronveil.promotion"]) == ("bundled", "bundled")
    assert "kronveil.policy_test" not in found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x := 1", "names no package"),
        ("package a\n\nx if y with input as {}", r"mine\.rego:3: `with`"),
    ],
)
def test_a_file_that_could_decide_wrongly_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "mine.rego").write_text(text)
    with pytest.raises(ConfigError, match=words):
        in_directory(tmp_path)


def test_with_in_a_comment_or_a_text_is_none(tmp_path: Path) -> None:
    (tmp_path / "mine.rego").write_text('package a\n\n# start with input\nx := "with input as"\n')
    assert [each.package for each in in_directory(tmp_path)] == ["a"]


async def test_an_operators_own_rules_are_tried_by_rules_and_by_cases(tmp_path: Path) -> None:
    (tmp_path / "mine.rego").write_text(
        'package kronveil.policy\n\nimport rego.v1\n\ndefault allow := false\n\nallow if input.who.name == "ada"\n\n'
        'deny contains {"rule": "not-ada", "text": "no"} if input.who.name != "ada"\n'
    )
    (tmp_path / "mine_test.rego").write_text(
        "package mine_test\n\nimport rego.v1\n\ntest_good if 1 + 1 == 2\n\ntest_bad if 1 + 1 == 3\n"
    )
    (tmp_path / "mine.cases.yaml").write_text(
        "base: {who: {name: ada}}\ncases:\n- {name: ada may, allow: true}\n"
        "- {name: bob may not, set: {who.name: bob}, allow: false, rules: [not-ada]}\n"
        "- {name: wrong, set: {who.name: bob}, allow: true}\n"
    )
    found = {each.name: each.problem for each in await tried(tmp_path)}
    assert found == {
        "test_good": "",
        "test_bad": "it is not true",
        "ada may": "",
        "bob may not": "",
        "wrong": "it is denied (not-ada)",
    }
