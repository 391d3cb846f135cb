"""The expressions of runbooks: what they compute, what is known to be wrong before, and what hostile text comes to."""

import ast
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kronveil.logic.expressions import (
    UNKNOWN,
    Duration,
    ExpressionError,
    ListOf,
    Quantity,
    Record,
    Scalar,
    compute,
    fill,
    from_json,
    infer,
    kind_of,
    parse,
    parse_template,
    to_json,
)
from kronveil.logic.expressions.functions import FUNCTIONS

MI = 2**20 * 1000
MEMORY = Record(
    "steps.memory",
    {"limit": Scalar.QUANTITY, "trend": Scalar.TEXT, "samples": Scalar.NUMBER, "pods": ListOf(Scalar.TEXT)},
)
NAMES = {
    "inputs": Record("inputs", {"percent": Scalar.NUMBER, "at_most": Scalar.QUANTITY, "wait": Scalar.DURATION}),
    "steps": Record("steps", {"memory": MEMORY, "other": Record("steps.other", is_open=True)}),
}
VALUES = {
    "inputs": {"percent": 50, "at_most": Quantity(4096 * MI), "wait": Duration(90_000)},
    "steps": {
        "memory": {"limit": Quantity(512 * MI), "trend": "leak", "samples": UNKNOWN, "pods": ("a", "b")},
        "other": {"x": 3},
    },
}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("7 // 2 + 7 % 2", 4),
        ("-inputs.percent / 4", -12.5),
        ("'a' + 'b'", "ab"),
        ("steps.memory.limit * 2", Quantity(1024 * MI)),
        ("min(steps.memory.limit * (100 + inputs.percent) / 100, inputs.at_most)", Quantity(768 * MI)),
        ("steps.memory.limit / quantity('1Gi')", 0.5),
        ("inputs.wait + duration('30s')", Duration(120_000)),
        ("inputs.wait > duration('1m')", True),
        ("1 < inputs.percent <= 50", True),
        ("steps.memory.trend == 'leak' and not false", True),
        ("'b' in steps.memory.pods and 'ea' in steps.memory.trend", True),
        ("'c' not in ['a', 'b']", True),
        ("steps.memory.pods[1]", "b"),
        ("steps.memory.pods[9]", UNKNOWN),
        ("steps['memory']['trend']", "leak"),
        ("first(steps.memory.pods)", "a"),
        ("len(steps.memory.pods) + len('abc')", 5),
        ("round(2.5449, 2) + round(2.4)", 4.54),
        ("upper('a') + lower('B')", "Ab"),
        ("startswith('checkout-api', 'checkout') and endswith('checkout-api', 'api')", True),
        ("'raise' if inputs.percent > 10 else 'scale'", "raise"),
        ("text(steps.memory.limit) + ' ' + text(inputs.wait) + ' ' + text(true)", "512Mi 1m30s true"),
        ("steps.other.x + 1", 4),
        ("words('a', '', 'b' + steps.other.nowhere, 'c')", "a c"),
    ],
)
def test_an_expression_computes(source: str, expected: object) -> None:
    expression = parse(source)
    infer(expression, NAMES)
    assert compute(expression, VALUES) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("steps.memory.samples + 1", UNKNOWN),
        ("steps.memory.samples > 1", UNKNOWN),
        ("steps.memory.samples == steps.memory.samples", UNKNOWN),
        ("steps.memory.samples > 1 and false", False),
        ("steps.memory.samples > 1 or true", True),
        ("steps.memory.samples > 1 and true", UNKNOWN),
        ("not (steps.memory.samples > 1)", UNKNOWN),
        ("max(1, steps.memory.samples)", UNKNOWN),
        ("known(steps.memory.samples)", False),
        ("default(steps.memory.samples, 3)", 3),
        ("steps.other.nowhere.at.all", UNKNOWN),
    ],
)
def test_what_is_unknown_stays_unknown_and_is_never_a_zero(source: str, expected: object) -> None:
    assert compute(parse(source), VALUES) is expected or compute(parse(source), VALUES) == expected


@pytest.mark.parametrize(
    ("source", "told", "offset"),
    [
        ("stepz.memory.trend", "there is nothing named stepz. Did you mean steps?", 0),
        ("steps.memory.trent == 'leak'", "steps.memory has nothing named trent. Did you mean trend?", 0),
        ("1 + inputs.percnt", "inputs has nothing named percnt. Did you mean percent?", 4),
        ("steps.memory.limit > '512Mi'", "quantity and text cannot be compared so. Write quantity('512Mi').", 0),
        ("steps.memory.limit + 1", "quantity and number cannot be added.", 0),
        ("true and inputs.percent", "number is neither true nor false. Compare it: x > 0.", 9),
        ("quantity(5)", "quantity takes text here, not number. Write quantity('512Mi').", 0),
        ("min(1)", "min does not take 1 values. Write min(a, b).", 0),
        ("min(1, quantity('1Mi'))", "number and quantity cannot be compared.", 0),
        ("'a' * 3", "text and number cannot be multiplied.", 0),
        ("steps.memory.trend.x", "text has nothing named x.", 0),
        ("3 in 'abc'", "number is never in text.", 0),
        ("inputs.percent[0]", "number has no item by number.", 0),
    ],
)
def test_what_is_wrong_with_an_expression_is_known_before_it_runs(source: str, told: str, offset: int) -> None:
    with pytest.raises(ExpressionError) as caught:
        infer(parse(source), NAMES)
    assert f"{caught.value.message} {caught.value.hint}".strip() == told
    assert caught.value.offset == offset


HOSTILE = [
    "__import__('os').system('id')",
    "().__class__.__bases__[0].__subclasses__()",
    "inputs.__class__",
    "'a'.join(['b'])",
    "inputs.percent.real",
    "[x for x in steps]",
    "(lambda: 1)()",
    "f'{inputs}'",
    "f'{inputs.percent!r:>{10**9}}'",
    "9**9**9**9",
    "1 << 10000",
    "10 ** 100",
    "'a' * 10",
    "open('/etc/passwd')",
    "eval('1')",
    "exec('1')",
    "globals()",
    "getattr(inputs, 'percent')",
    "(x := 1)",
    "print",
    "len(*steps)",
    "min(a=1)",
    "{'a': 1}",
    "{1, 2}",
    "steps[1:2]",
    "await x",
    "yield",
    "a.b = 1",
    "import os",
    "1; 2",
    "1 if",
    "",
    "   ",
    "None",
    "...",
    "b'x'",
    "1j",
    "1e999",
    "9" * 5000,
    "9" * 900,
    "(" * 500 + ")" * 500,
    "-" * 900 + "1",
    "not " * 200 + "true",
    "[" * 90 + "]" * 90,
    "1" + "+1" * 400,
    "a" + ".a" * 400,
    "'\\x41'",
    "'a\x00b'",
    "\u202e1",
    "1 is 1",
    "1 == 1 is 2",
    "1_000_000_000_000_000_000_000",
    "0x" + "f" * 300,
    "1or 2",
    "lambda:" * 140 + "1",
    "a if b else " * 80 + "c",
    "[" * 180,
    "x[" * 180 + "0" + "]" * 180,
    "1" + "<2" * 400,
    "len('" + "a" * 995 + "')+1",
]


@pytest.mark.parametrize("source", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_refused_in_words_and_never_run(source: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        infer(parse(source), NAMES)
    assert caught.value.message
    assert len(caught.value.message) < 200


def test_results_cannot_grow_without_bound() -> None:
    long = parse("x + x")
    values: dict[str, Any] = {"x": "a" * 6_000}
    with pytest.raises(ExpressionError, match="too long"):
        compute(long, values)
    with pytest.raises(ExpressionError, match="too large"):
        compute(parse("x * x * x * x"), {"x": 10**9})
    with pytest.raises(ExpressionError, match="too large"):
        compute(parse("x * x"), {"x": 1e300})
    with pytest.raises(ExpressionError, match="divided by zero"):
        compute(parse("1 / (x - x)"), {"x": 1})


def test_a_template_keeps_the_kind_of_a_single_expression_and_makes_text_of_more() -> None:
    assert fill(parse_template("${{ inputs.percent }}"), VALUES) == 50
    assert fill(parse_template("up to ${{ inputs.at_most }}, now ${{ steps.memory.limit }}"), VALUES) == (
        "up to 4Gi, now 512Mi"
    )
    assert fill(parse_template("${{ '}}' + \"{\" }} is kept"), VALUES) == "}}{ is kept"
    assert fill(parse_template("costs $5, $${{ not this }}"), VALUES) == "costs $5, ${{ not this }}"
    assert fill(parse_template("trend ${{ steps.memory.samples }}"), VALUES) == "trend unknown"
    assert fill(parse_template(""), VALUES) == ""
    with pytest.raises(ExpressionError, match="is not closed") as caught:
        parse_template("a ${{ inputs.percent")
    assert caught.value.offset == 2
    with pytest.raises(ExpressionError) as caught:
        parse_template("ab ${{ 1 ** 2 }}")
    assert (caught.value.message, caught.value.offset) == ("powers cannot be used here.", 7)


def test_what_a_value_holds_is_never_read_as_an_expression_again() -> None:
    assert fill(parse_template("say ${{ x }}"), {"x": "${{ inputs.percent }}"}) == "say ${{ inputs.percent }}"


@pytest.mark.parametrize(
    ("text", "shown"), [("1536Mi", "1536Mi"), ("2048Mi", "2Gi"), ("1.5Gi", "1536Mi"), ("250m", "250m"), ("3", "3")]
)
def test_quantities_are_written_as_kubernetes_reads_them(text: str, shown: str) -> None:
    assert to_json(compute(parse(f"quantity('{text}')"), {})) == shown


def test_an_unknown_value_never_becomes_a_parameter() -> None:
    with pytest.raises(ExpressionError, match="not known"):
        to_json({"a": [UNKNOWN]})
    assert from_json({"limit": "1Gi", "n": None}, Record("r", {"limit": Scalar.QUANTITY})) == {
        "limit": Quantity(1024 * MI),
        "n": UNKNOWN,
    }


LEAVES = st.one_of(
    st.integers(-1000, 1000).map(str),
    st.sampled_from(["true", "false", "'a'", "inputs.percent", "inputs.at_most", "inputs.wait", "steps.memory.trend"]),
    st.sampled_from(["steps.memory.samples", "steps.memory.pods", "quantity('1Gi')", "duration('5m')", "['a', 'b']"]),
)


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(["+", "-", "*", "/", "//", "%", "==", "!=", "<", ">", "<=", ">=", "in", "and", "or"])
    return st.one_of(
        st.builds("({} {} {})".format, inner, operators, inner),
        st.builds("(not {})".format, inner),
        st.builds("(-{})".format, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("{}({}, {})".format, st.sampled_from(sorted(FUNCTIONS)), inner, inner),
        st.builds("{}({})".format, st.sampled_from(sorted(FUNCTIONS)), inner),
        st.builds("{}[{}]".format, inner, inner),
    )


@given(st.recursive(LEAVES, _larger, max_leaves=8))
def test_what_is_checked_computes_to_the_kind_that_was_promised_or_says_why_not(source: str) -> None:
    try:
        expression = parse(source)
        promised = infer(expression, NAMES)
        value = compute(expression, VALUES)
    except ExpressionError:
        return
    if value is not UNKNOWN and isinstance(promised, Scalar) and promised is not Scalar.ANY:
        assert kind_of(value) == promised


@given(st.text(max_size=80))
def test_any_text_at_all_is_read_or_refused(source: str) -> None:
    try:
        expression = parse(source)
    except ExpressionError:
        return
    assert all(not isinstance(node, ast.Lambda | ast.Pow | ast.Starred) for node in ast.walk(expression.tree))
    try:
        compute(expression, VALUES)
    except ExpressionError:
        return
