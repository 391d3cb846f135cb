"""From a runbook to the steps of a plan: conditions, loops, steps at once, questions, runbooks within runbooks."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kronveil.logic.expressions import UNKNOWN, Quantity
from kronveil.logic.inputs import WrongInputs, as_given, take
from kronveil.logic.resolving import (
    MOST_STEPS,
    Answer,
    Around,
    Impossible,
    Unplannable,
    Wanted,
    around,
    incident_values,
    resolve,
    succeeded,
)
from kronveil.model.event import Severity
from kronveil.model.execution import Effect, StepPlan
from kronveil.model.incident import ClusterRef, Condition, Incident, IncidentStatus
from kronveil.model.resource import Resource
from kronveil.model.runbook import Input, InputType, Runbook, RunbookStep
from tests.logic.scenes import CHECKOUT, START, pod

INCIDENT = Incident(
    id="inc-1",
    key="k",
    kind="pod.oom_killed",
    family="memory",
    title="checkout-api was killed for memory",
    severity=Severity.HIGH,
    status=IncidentStatus.OPEN,
    cluster=ClusterRef("uid-east", "us-east-prod"),
    resource=CHECKOUT,
    opened_at=START,
    updated_at=START,
    conditions=(Condition("pod.oom_killed", pod("checkout-api-a"), "app", START, START),),
)
HERE = around(INCIDENT, {})


def runbook(*steps: RunbookStep, **more: object) -> Runbook:
    return Runbook("mine", "Mine", "For tests.", ("pod.oom_killed",), steps, **more)  # type: ignore[arg-type]


def step(name: str = "act", action: str = "touch", /, **more: object) -> RunbookStep:
    return RunbookStep(name, action, **more)  # type: ignore[arg-type]


def planned(
    written: Runbook,
    here: Around = HERE,
    *,
    finds: Mapping[str, object] | None = None,
    never: str = "",
) -> list[StepPlan]:
    """Its plan, where every action would do what it is told, finds the same, and one never can."""
    resolving = resolve(written, here)
    try:
        wanted = next(resolving)
        while True:
            wanted = resolving.send(_answer(wanted, finds or {}, never))
    except StopIteration as done:
        steps: list[StepPlan] = done.value
        return steps


def _answer(wanted: Wanted, finds: Mapping[str, object], never: str) -> Answer:
    if wanted.step.action == never:
        return Impossible("there is no earlier revision")
    parameters = {name: json.dumps(value) for name, value in wanted.parameters.items()}
    findings = {name: json.dumps(value) for name, value in finds.items()}
    return StepPlan(wanted.name, wanted.step.action, Effect.MUTATE, None, parameters, "touched", findings=findings)


def test_parameters_and_names_are_computed_from_the_incident_and_the_inputs() -> None:
    written = runbook(
        step(
            "Raise ${{ target.name }}",
            parameters={
                "by": "${{ inputs.percent * 2 }}",
                "note": "${{ incident.title }} in ${{ incident.cluster }}",
                "nested": {"list": ["${{ inputs.most }}", 3, True]},
            },
        ),
        inputs=(Input("percent", InputType.NUMBER, default=25), Input("most", InputType.QUANTITY, default="2048Mi")),
    )
    (made,) = planned(written)
    assert made.name == "Raise checkout-api"
    assert {name: json.loads(text) for name, text in made.parameters.items()} == {
        "by": 50,
        "note": "checkout-api was killed for memory in us-east-prod",
        "nested": {"list": ["2Gi", 3, True]},
    }


def test_what_a_step_finds_decides_about_the_steps_after_it_and_what_is_left_out_says_why() -> None:
    written = runbook(
        step("look", id="seen", is_diagnosis=True),
        step("leak", condition="steps.seen.trend == 'leak'"),
        step("spike", condition="steps.seen.trend == 'spike'"),
        step("many", condition="steps.seen.nothing_like_it > 3"),
        step("words", condition="false", otherwise="${{ target.name }} is well"),
    )
    made = planned(written, finds={"trend": "leak"})
    assert [(each.name, each.left_out) for each in made] == [
        ("look", ""),
        ("leak", ""),
        ("spike", "it is not the case that steps.seen.trend == 'spike'"),
        ("many", "it is not known whether steps.seen.nothing_like_it > 3"),
        ("words", "checkout-api is well"),
    ]
    assert all(each.effect is Effect.READ and each.target is None for each in made if each.left_out)


def test_a_later_step_knows_whether_an_earlier_one_is_in_the_plan() -> None:
    written = runbook(
        step("roll back", "undo", id="back", is_optional=True, needs_approval=True),
        step("raise", condition="not steps.back.is_planned"),
    )
    assert [(each.name, bool(each.left_out)) for each in planned(written)] == [("roll back", False), ("raise", True)]
    made = planned(written, never="undo")
    assert [(each.name, each.left_out) for each in made] == [
        ("roll back", "it cannot be done here: there is no earlier revision"),
        ("raise", ""),
    ]
    assert not made[0].needs_approval
    assert planned(written)[0].needs_approval


def test_a_step_that_is_not_optional_and_never_can_be_done_makes_no_plan() -> None:
    with pytest.raises(Unplannable, match="roll back: there is no earlier revision"):
        planned(runbook(step("roll back", "undo")), never="undo")


def test_a_diagnosis_that_cannot_be_made_leaves_things_unknown_and_breaks_no_plan() -> None:
    written = runbook(
        step("look", "undo", id="seen", is_diagnosis=True), step("act", condition="not known(steps.seen.trend)")
    )
    assert [bool(each.left_out) for each in planned(written, never="undo")] == [True, False]


def test_what_an_action_says_of_its_own_time_holds_unless_the_runbook_says_otherwise() -> None:
    for own, expected in ((None, timedelta(minutes=9)), (timedelta(seconds=5), timedelta(seconds=5))):
        resolving = resolve(runbook(step(timeout=own)), HERE)
        next(resolving)
        with pytest.raises(StopIteration) as done:
            resolving.send(StepPlan("act", "touch", Effect.READ, None, {}, "", timeout=timedelta(minutes=9)))
        assert [each.timeout for each in done.value.value] == [expected]


def test_a_loop_makes_a_step_for_each_item_and_says_when_there_is_none() -> None:
    each_pod = step("evict ${{ each }}", for_each="incident.pods", item="each", parameters={"pod": "${{ each }}"})
    some = replace(INCIDENT, conditions=tuple(Condition("k", pod(name), "", START, START) for name in ("a", "b")))
    made = planned(runbook(each_pod), around(some, {}))
    assert [(one.name, one.parameters) for one in made] == [
        ("evict a", {"pod": '"a"'}),
        ("evict b", {"pod": '"b"'}),
    ]
    (none,) = planned(runbook(each_pod), around(replace(INCIDENT, conditions=()), {}))
    assert (none.name, none.left_out) == ("evict each", "there is nothing to do it for: incident.pods")
    (unknown,) = planned(runbook(replace(each_pod, for_each="steps.nowhere")))
    assert unknown.left_out == "what it is for is not known: steps.nowhere"


def test_a_loop_and_a_plan_are_bounded() -> None:
    pods = tuple(Condition("k", pod(f"p{index}"), "", START, START) for index in range(21))
    with pytest.raises(Unplannable, match="21 times is more than the 20"):
        planned(runbook(step(for_each="incident.pods")), around(replace(INCIDENT, conditions=pods), {}))
    with pytest.raises(Unplannable, match=f"more than {MOST_STEPS} steps"):
        planned(runbook(*[step()] * (MOST_STEPS + 1)))


def test_steps_at_once_share_a_number_and_questions_act_on_nothing() -> None:
    written = runbook(
        RunbookStep("both", together=(step("a"), step("b"))),
        RunbookStep("sure?", question="Go on with ${{ target.name }}?", timeout=timedelta(minutes=5)),
        RunbookStep("others", together=(step("c"), step("d", condition="false"))),
        step("last"),
    )
    made = planned(written)
    assert [(each.name, each.together) for each in made] == [
        ("a", 1), ("b", 1), ("sure?", None), ("c", 2), ("d", 2), ("last", None),
    ]  # fmt: skip
    assert (made[2].question, made[2].effect, made[2].timeout) == (
        "Go on with checkout-api?",
        Effect.READ,
        timedelta(minutes=5),
    )


def test_a_runbook_within_a_runbook_is_expanded_with_inputs_of_its_own() -> None:
    inner = Runbook(
        "inner", "Inner", "", (), (step("say ${{ inputs.word }}", id="said"),), inputs=(Input("word", InputType.TEXT),)
    )
    outer = runbook(
        RunbookStep("within", runbook="inner", parameters={"word": "${{ incident.family }}"}),
        step("after", condition="not known(steps.said.is_planned)"),
        parts=(inner,),
    )
    assert [each.name for each in planned(outer)] == ["say memory", "after"]
    with pytest.raises(Unplannable, match="Inner was not given what it takes: word: must be given"):
        planned(runbook(RunbookStep("within", runbook="inner"), parts=(inner,)))
    round_again = replace(inner, steps=(RunbookStep("again", runbook="inner", parameters={"word": "x"}),))
    with pytest.raises(Unplannable, match="come round"):
        planned(runbook(RunbookStep("within", runbook="inner", parameters={"word": "x"}), parts=(round_again,)))


def test_what_nobody_knows_never_becomes_a_parameter_and_hostile_names_stay_words() -> None:
    with pytest.raises(Unplannable, match="act: by: its value is not known"):
        planned(runbook(step(parameters={"by": "${{ incident.region }}"})))
    hostile = replace(INCIDENT, title="${{ 1/0 }} $(rm -rf /) `id`", resource=Resource("Deployment", "${{ x }}", "n"))
    (made,) = planned(
        runbook(step("at ${{ target.name }}", parameters={"note": "${{ incident.title }}"})), around(hostile, {})
    )
    assert (made.name, json.loads(made.parameters["note"])) == ("at ${{ x }}", "${{ 1/0 }} $(rm -rf /) `id`")


TAKES = runbook(
    inputs=(
        Input("percent", InputType.NUMBER, default=50, least=1, most=400),
        Input("most", InputType.QUANTITY, default="4Gi", most="16Gi"),
        Input("mode", InputType.TEXT, default="raise", choices=("raise", "scale")),
        Input("hard", InputType.FLAG, default=False),
        Input("wait", InputType.DURATION),
    )
)


def test_inputs_are_taken_as_their_types_say_also_from_a_command_line() -> None:
    values = take(TAKES, {"percent": "75", "wait": "90s", "hard": "true"})
    assert (values["percent"], values["most"], str(values["wait"]), values["hard"]) == (
        75,
        Quantity(4 * 2**30 * 1000),
        "1m30s",
        True,
    )
    assert as_given(TAKES, {"percent": "75", "wait": "90s"}) == {"percent": 75, "wait": "1m30s"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, {"wait": "must be given, as 15m."}),
        ({"wait": "1m", "percnt": 5}, {"percnt": "there is no such input. Did you mean percent?"}),
        ({"wait": "soon"}, {"wait": "'soon' is not a duration. Write 15s, 2m or 1h30m."}),
        ({"wait": "1m", "percent": 0}, {"percent": "'0' is out of bounds: at least 1."}),
        ({"wait": "1m", "percent": True}, {"percent": "'true' is no number. Write 5."}),
        ({"wait": "1m", "percent": "1e9"}, {"percent": "'1e9' is no number. Write 5."}),
        ({"wait": "1m", "most": "32Gi"}, {"most": "'32Gi' is out of bounds: at most 16Gi."}),
        ({"wait": "1m", "mode": "pray"}, {"mode": "'pray' is not among its choices: raise, scale."}),
        ({"wait": "1m", "hard": "maybe"}, {"hard": "'maybe' is no flag. Write true or false."}),
        ({"wait": ["1m"]}, {"wait": "'1m' is no duration. Write 15m."}),
        ({"wait": "1m", "mode": "x" * 5000}, {"mode": f"'{'x' * 37}...' is no text. Write some text."}),
    ],
)  # fmt: skip
def test_what_is_wrong_with_given_inputs_is_told_for_each(given: dict[str, object], told: dict[str, str]) -> None:
    with pytest.raises(WrongInputs) as caught:
        take(TAKES, given)
    assert caught.value.problems == told


def test_a_condition_of_success_is_true_false_or_not_known() -> None:
    here = around(replace(INCIDENT, event_count=3), {})
    assert succeeded("incident.event_count < inputs.most", here, {"most": 5}) is True
    assert succeeded("incident.event_count < inputs.most", here, {"most": 1}) is False
    assert succeeded("incident.region == 'x'", here, {}) is None
    assert succeeded("1 +", here, {}) is None
    assert incident_values(INCIDENT)["region"] is UNKNOWN


EXPRESSIONS = st.sampled_from(
    ["true", "false", "incident.pods", "steps.s.trend == 'leak'", "steps.s.is_planned", "steps.nowhere.x > 1", "1 / 0"]
)
TEXTS = st.sampled_from(
    ["plain", "${{ target.name }}", "${{ steps.s.trend }}", "${{ each }}", "${{ 1 + 'a' }}", "$${{"]
)
ONE = st.builds(
    RunbookStep,
    name=TEXTS,
    action=st.sampled_from(["touch", "undo"]),
    parameters=st.dictionaries(st.sampled_from(["a", "b"]), TEXTS | st.lists(TEXTS, max_size=2), max_size=2),
    id=st.sampled_from(["", "s"]),
    condition=st.just("") | EXPRESSIONS,
    otherwise=st.just("") | TEXTS,
    for_each=st.just("") | EXPRESSIONS,
    item=st.just("each"),
    is_diagnosis=st.booleans(),
    is_optional=st.booleans(),
    needs_approval=st.booleans(),
)
ANY = (
    ONE
    | st.builds(RunbookStep, name=TEXTS, question=TEXTS)
    | st.builds(
        RunbookStep,
        name=TEXTS,
        together=st.lists(ONE, min_size=1, max_size=3).map(tuple),
        condition=st.just("") | EXPRESSIONS,
    )
)


@given(st.lists(ANY, min_size=1, max_size=6))
def test_any_runbook_comes_to_a_bounded_plan_with_nothing_left_open_or_says_why_not(steps: list[RunbookStep]) -> None:
    try:
        made = planned(runbook(*steps), finds={"trend": "leak"}, never="undo")
    except Unplannable:
        return
    assert len(made) <= MOST_STEPS
    for each in made:
        assert not each.left_out or (each.effect is Effect.READ and not each.parameters and not each.needs_approval)
        assert all("${{ target" not in text for text in (each.name, *each.parameters.values()))
    for number in {each.together for each in made} - {None}:
        at = [index for index, each in enumerate(made) if each.together == number]
        assert at == list(range(at[0], at[-1] + 1)), "what is done at once stands together"
