"""What whoever runs a runbook gives it: taken as its inputs say, or refused with the reason for each."""

import re
from collections.abc import Mapping

from kronveil.logic.expressions import (
    ExpressionError,
    Kind,
    Record,
    Scalar,
    Value,
    from_json,
    kind_of,
    to_json,
    written,
)
from kronveil.logic.expressions.checking import nearest
from kronveil.model.runbook import Input, InputType, Runbook

KINDS: Mapping[InputType, Scalar] = {
    InputType.TEXT: Scalar.TEXT,
    InputType.NUMBER: Scalar.NUMBER,
    InputType.FLAG: Scalar.FLAG,
    InputType.QUANTITY: Scalar.QUANTITY,
    InputType.DURATION: Scalar.DURATION,
}
MOST_TEXT = 1_000
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,9})?", re.ASCII)
_EXAMPLES = {
    InputType.TEXT: "some text",
    InputType.NUMBER: "5",
    InputType.FLAG: "true or false",
    InputType.QUANTITY: "512Mi",
    InputType.DURATION: "15m",
}


class WrongInputs(Exception):  # noqa: N818 - it says what they are
    """What was given is not what the runbook takes: the reason by the name of the input."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {why}" for name, why in problems.items()))
        self.problems = problems


def record_of(runbook: Runbook) -> Record:
    """What expressions know of the inputs before any is given."""
    return Record("inputs", {each.name: _kind(each) for each in runbook.inputs})


def take(runbook: Runbook, given: Mapping[str, object]) -> Mapping[str, Value]:
    """The value of each input, its default where none was given. Raises WrongInputs with all that is wrong."""
    known = {each.name: each for each in runbook.inputs}
    problems = {name: f"there is no such input. {nearest(name, known)}" for name in given if name not in known}
    values: dict[str, Value] = {}
    for name, one in known.items():
        if given.get(name) is None and one.is_required:
            problems[name] = f"must be given, as {_EXAMPLES[one.type]}."
            continue
        try:
            values[name] = read(one, given.get(name) if given.get(name) is not None else one.default)
        except ExpressionError as error:
            problems[name] = f"{error.message} {error.hint}".strip()
    if problems:
        raise WrongInputs(problems)
    return values


def as_given(runbook: Runbook, given: Mapping[str, object]) -> dict[str, object]:
    """What was given, checked and in its own type, as JSON has it. Raises WrongInputs."""
    values = take(runbook, given)
    return {name: to_json(values[name]) for name in given if given[name] is not None}


def read(one: Input, value: object) -> Value:
    """One value, as this input takes it: a flag or number may come as text. Raises ExpressionError."""
    found = _typed(one, value)
    if one.choices and found not in [_typed(one, each) for each in one.choices]:
        raise ExpressionError(f"{_shown(found)} is not among its choices: {', '.join(map(str, one.choices))}.")
    for bound, is_out, word in ((one.least, _below, "least"), (one.most, _above, "most")):
        if bound is not None and is_out(found, _typed(one, bound)):
            raise ExpressionError(f"{_shown(found)} is out of bounds: at {word} {bound}.")
    return found


def _typed(one: Input, value: object) -> Value:
    kind, given = KINDS[one.type], value
    if one.type is InputType.NUMBER and isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        given = float(value) if "." in value else int(value)
    if one.type is InputType.FLAG and value in ("true", "false"):
        given = value == "true"
    found = from_json(given, kind)
    if kind_of(found) is not kind or (isinstance(found, str) and len(found) > MOST_TEXT):
        raise ExpressionError(f"{_shown(value)} is no {one.type}.", hint=f"Write {_EXAMPLES[one.type]}.")
    return found


def _kind(one: Input) -> Kind:
    return KINDS[one.type]


def _below(value: Value, bound: Value) -> bool:
    return _number(value) < _number(bound)


def _above(value: Value, bound: Value) -> bool:
    return _number(value) > _number(bound)


def _number(value: Value) -> float:
    for name in ("thousandths", "milliseconds"):
        if isinstance(found := getattr(value, name, None), int):
            return found
    if isinstance(value, int | float):
        return value
    raise ExpressionError("only numbers, quantities and durations have bounds.")


def _shown(value: object) -> str:
    text = written(value)
    return repr(text if len(text) <= 40 else f"{text[:37]}...")
