"""Computes an expression from the values of its names: no code of Python's is run, and what is unknown stays so.

As in SQL: what is unknown makes a sum or a comparison unknown; ``false and unknown`` is false, and
``true or unknown`` is true.
"""

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import Any

from kronveil.logic.expressions.checking import arithmetic, compare
from kronveil.logic.expressions.functions import FUNCTIONS
from kronveil.logic.expressions.kinds import (
    LARGEST,
    MOST_TEXT,
    UNKNOWN,
    Duration,
    ExpressionError,
    Kind,
    Quantity,
    Scalar,
    Value,
    bounded,
    is_list,
    is_record,
    kind_of,
    written,
)
from kronveil.logic.expressions.syntax import CONSTANTS, Expression, Part

_OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda one, other: one / other,
    ast.FloorDiv: lambda one, other: one // other,
    ast.Mod: operator.mod,
}
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda one, many: one in many,
    ast.NotIn: lambda one, many: one not in many,
}


def compute(expression: Expression, values: Mapping[str, Value]) -> Value:
    """Its value, ``UNKNOWN`` where that is not known. Raises ExpressionError."""
    return _Computing(values).value(expression.tree)


def fill(parts: Sequence[Part], values: Mapping[str, Value]) -> Value:
    """A template's value: of one that is a single expression its value, else a text. Raises ExpressionError."""
    if len(parts) == 1 and isinstance(parts[0], Expression):
        return compute(parts[0], values)
    text = "".join(each if isinstance(each, str) else written(compute(each, values)) for each in parts)
    if len(text) > MOST_TEXT:
        raise ExpressionError("the text is too long.")
    return text


class _Computing:
    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = values

    def value(self, node: ast.expr) -> Value:  # noqa: C901, PLR0911, PLR0912 - a kind of node a case
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return CONSTANTS[name] if name in CONSTANTS else self._values.get(name, UNKNOWN)
            case ast.Attribute(value=value, attr=name):
                return _field(self.value(value), name)
            case ast.Subscript(value=value, slice=index):
                return _item(self.value(value), self.value(index))
            case ast.List(elts=items):
                return tuple(self.value(each) for each in items)
            case ast.BoolOp(op=op, values=values):
                return self._all_or_any(values, decides=isinstance(op, ast.Or))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                found = _flag(self.value(operand))
                return UNKNOWN if found is UNKNOWN else not found
            case ast.UnaryOp(operand=operand):
                return _arithmetic(ast.Mult(), self.value(operand), -1)
            case ast.BinOp(left=left, op=op, right=right):
                return _arithmetic(op, self.value(left), self.value(right))
            case ast.Compare(left=left, ops=ops, comparators=others):
                return self._compared(left, ops, others)
            case ast.IfExp(test=test, body=body, orelse=otherwise):
                found = _flag(self.value(test))
                return UNKNOWN if found is UNKNOWN else self.value(body if found else otherwise)
            case ast.Call(func=ast.Name(id=name), args=given):
                return _called(name, [self.value(each) for each in given])
            case _:
                raise ExpressionError("this cannot be used here.")

    def _all_or_any(self, nodes: Sequence[ast.expr], *, decides: bool) -> Value:
        is_unknown = False
        for node in nodes:
            found = _flag(self.value(node))
            if found is decides:
                return decides
            is_unknown = is_unknown or found is UNKNOWN
        return UNKNOWN if is_unknown else not decides

    def _compared(self, left: ast.expr, ops: Sequence[ast.cmpop], others: Sequence[ast.expr]) -> Value:
        one, is_unknown = self.value(left), False
        for op, node in zip(ops, others, strict=True):
            other = self.value(node)
            if one is UNKNOWN or other is UNKNOWN:
                is_unknown = True
            else:
                compare(op, _kind(one), _kind(other))
                if not _COMPARISONS[type(op)](one, other):
                    return False
            one = other
        return UNKNOWN if is_unknown else True


def _kind(value: Value) -> Kind:
    kind = kind_of(value)
    if kind is None:
        raise ExpressionError("a value that no expression can hold.")
    return kind


def _flag(value: Value) -> Value:
    if value is UNKNOWN or isinstance(value, bool):
        return value
    raise ExpressionError(f"{_kind(value)} is neither true nor false.")


def _field(value: Value, name: str) -> Value:
    if is_record(value):
        return value.get(name, UNKNOWN)
    if value is UNKNOWN:
        return UNKNOWN
    raise ExpressionError(f"{_kind(value)} has nothing named {name}.")


def _item(value: Value, index: Value) -> Value:
    if value is UNKNOWN or index is UNKNOWN:
        return UNKNOWN
    if is_record(value) and isinstance(index, str):
        return value.get(index, UNKNOWN)
    if is_list(value) and isinstance(index, int) and not isinstance(index, bool):
        return value[index] if -len(value) <= index < len(value) else UNKNOWN
    raise ExpressionError(f"{_kind(value)} has no item by {_kind(index)}.")


def _called(name: str, given: Sequence[Value]) -> Value:
    function = FUNCTIONS[name]
    if not function.takes_unknown and any(each is UNKNOWN for each in given):
        return UNKNOWN
    function.check(name, [_kind(each) for each in given])
    return function.call(*given)


def _arithmetic(op: ast.operator, left: Value, right: Value) -> Value:
    if left is UNKNOWN or right is UNKNOWN:
        return UNKNOWN
    kind = arithmetic(op, _kind(left), _kind(right))
    if kind is Scalar.TEXT:
        return _text(left, right)
    try:
        found = _OPERATORS[type(op)](_bare(left), _bare(right))
    except ZeroDivisionError:
        raise ExpressionError("something is divided by zero.") from None
    except OverflowError:
        raise ExpressionError("the result is too large.") from None
    if not isfinite(found):
        raise ExpressionError("the result is too large.")
    if kind is Scalar.QUANTITY:
        return Quantity(bounded(round(found)))
    if kind is Scalar.DURATION:
        return Duration(bounded(round(found)))
    if abs(found) > LARGEST:
        raise ExpressionError("the result is too large.")
    return found


def _bare(value: Value) -> Any:
    if isinstance(value, Quantity):
        return value.thousandths
    return value.milliseconds if isinstance(value, Duration) else value


def _text(left: Value, right: Value) -> str:
    text = f"{left}{right}"
    if len(text) > MOST_TEXT:
        raise ExpressionError("the text is too long.")
    return text
