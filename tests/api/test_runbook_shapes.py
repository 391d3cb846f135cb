"""What the API says of a runbook holds also for steps that are no action, and for what may be set."""

from datetime import UTC, datetime

from kronveil.api import run_shapes as shapes
from kronveil.api.run_encode import runbook_shape
from kronveil.logic.autonomy import beginning
from kronveil.model.execution import Effect
from kronveil.model.runbook import Input, InputType, Runbook, RunbookStep

EFFECTS = {"wait": Effect.READ, "set_resources": Effect.MUTATE, "delete_job": Effect.DESTROY}


def shaped(*steps: RunbookStep, inputs: tuple[Input, ...] = (), parts: tuple[Runbook, ...] = ()) -> shapes.Runbook:
    runbook = Runbook("a", "A", "What it does.", (), steps, inputs=inputs, parts=parts)
    return runbook_shape(runbook, [], EFFECTS, beginning(runbook, datetime.now(UTC)))


def test_a_step_that_is_no_action_says_what_it_is_and_the_most_that_is_done_within_it():
    part = Runbook("clean-up", "Clean up", "", (), (RunbookStep("delete", "delete_job"),))
    both = (RunbookStep("raise", "set_resources"), RunbookStep("rest", "wait"))
    shape = shaped(
        RunbookStep("ask", question="Is now the time?"),
        RunbookStep("both", together=both),
        RunbookStep("clean", runbook="clean-up", condition="inputs.thorough"),
        parts=(part,),
    )
    assert [(step.action, step.effect) for step in shape.steps] == [
        ("ask", Effect.READ),
        ("together", Effect.MUTATE),
        ("runbook", Effect.DESTROY),
    ]
    assert shape.steps[0].question == "Is now the time?"
    assert shape.steps[1].together == ["raise", "rest"]
    assert (shape.steps[2].runbook, shape.steps[2].condition) == ("clean-up", "inputs.thorough")


def test_an_input_says_what_it_takes_and_whether_it_must_be_given():
    shape = shaped(
        RunbookStep("rest", "wait"),
        inputs=(
            Input("within", InputType.DURATION, "How long before.", "1h"),
            Input("how", InputType.TEXT, choices=("slowly", "at once")),
        ),
    )
    assert [(one.name, one.type, one.default, one.choices) for one in shape.inputs] == [
        ("within", "duration", '"1h"', []),
        ("how", "text", None, ['"slowly"', '"at once"']),
    ]
