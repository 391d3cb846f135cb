"""The kind of an expression's result, from the kinds of its names: what is wrong is known before it runs."""

import ast
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches

from kronveil.logic.expressions.functions import FUNCTIONS, ORDERED, fits, joined
from kronveil.logic.expressions.kinds import ExpressionError, Kind, ListOf, Record, Scalar
from kronveil.logic.expressions.syntax import CONSTANTS, Expression, offset_of

_WITH_UNIT = (Scalar.QUANTITY, Scalar.DURATION)


def infer(expression: Expression, names: Mapping[str, Kind]) -> Kind:
    """The kind of its result. Raises ExpressionError for an unknown name, or operands that do not go together."""
    return _Inferring(expression.source, names).kind(expression.tree)


def arithmetic(op: ast.operator, left: Kind, right: Kind) -> Kind:  # noqa: PLR0911 - a kind of result a case
    """The kind of a sum, difference, product or quotient. Raises ExpressionError."""
    numbers = left is Scalar.NUMBER and right is Scalar.NUMBER
    if Scalar.ANY in (left, right):
        return Scalar.ANY
    if numbers:
        return Scalar.NUMBER
    match op:
        case ast.Add() if left is Scalar.TEXT and right is Scalar.TEXT:
            return Scalar.TEXT
        case ast.Add() | ast.Sub() if left == right and left in _WITH_UNIT:
            return left
        case ast.Mult() if left is Scalar.NUMBER and right in _WITH_UNIT:
            return right
        case ast.Mult() | ast.Div() if left in _WITH_UNIT and right is Scalar.NUMBER:
            return left
        case ast.Div() if left == right and left in _WITH_UNIT:
            return Scalar.NUMBER
        case _:
            pass
    word = {"Add": "added", "Sub": "subtracted", "Mult": "multiplied"}.get(type(op).__name__, "divided")
    raise ExpressionError(f"{left} and {right} cannot be {word}.", hint=_unit_hint(left, right))


def compare(op: ast.cmpop, left: Kind, right: Kind) -> None:
    """Raises ExpressionError where two kinds are never compared so."""
    if Scalar.ANY in (left, right):
        return
    match op:
        case ast.In() | ast.NotIn():
            if isinstance(right, ListOf) and fits(left, right.item):
                return
            if left is Scalar.TEXT and right is Scalar.TEXT:
                return
            raise ExpressionError(f"{left} is never in {right}.", hint=_unit_hint(left, right))
        case ast.Eq() | ast.NotEq():
            if fits(left, right):
                return
        case _:
            if left == right and left in ORDERED:
                return
    raise ExpressionError(f"{left} and {right} cannot be compared so.", hint=_unit_hint(left, right))


def nearest(name: str, among: Collection[str]) -> str:
    """A hint for a name that is not there."""
    near = get_close_matches(name, among, 1)
    return f"Did you mean {near[0]}?" if near else f"There are: {', '.join(sorted(among)) or 'none'}."


def _unit_hint(left: Kind, right: Kind) -> str:
    if {left, right} == {Scalar.TEXT, Scalar.QUANTITY}:
        return "Write quantity('512Mi')."
    if {left, right} == {Scalar.TEXT, Scalar.DURATION}:
        return "Write duration('15m')."
    return ""


class _Inferring:
    def __init__(self, source: str, names: Mapping[str, Kind]) -> None:
        self._source = source
        self._names = names

    def kind(self, node: ast.expr) -> Kind:
        try:
            return self._kind(node)
        except ExpressionError as error:
            if not error.offset:
                error.offset = offset_of(node, self._source)
            raise

    def _kind(self, node: ast.expr) -> Kind:  # noqa: C901, PLR0911, PLR0912 - a kind of node a case
        match node:
            case ast.Constant(value=value):
                return (
                    Scalar.FLAG if isinstance(value, bool) else Scalar.TEXT if isinstance(value, str) else Scalar.NUMBER
                )
            case ast.Name(id=name):
                return self._name(name)
            case ast.Attribute(value=value, attr=name):
                return self._field(self.kind(value), name)
            case ast.Subscript(value=value, slice=index):
                return self._item(self.kind(value), index)
            case ast.List(elts=items):
                return ListOf(joined([self.kind(each) for each in items]))
            case ast.BoolOp(values=values):
                return self._flags(values)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self._flags([operand])
            case ast.UnaryOp(operand=operand):
                return self._negative(self.kind(operand))
            case ast.BinOp(left=left, op=op, right=right):
                return arithmetic(op, self.kind(left), self.kind(right))
            case ast.Compare(left=left, ops=ops, comparators=others):
                kinds = [self.kind(each) for each in (left, *others)]
                for comparison, one, other in zip(ops, kinds, kinds[1:], strict=False):
                    compare(comparison, one, other)
                return Scalar.FLAG
            case ast.IfExp(test=test, body=body, orelse=otherwise):
                self._flags([test])
                return joined([self.kind(body), self.kind(otherwise)])
            case ast.Call(func=ast.Name(id=name), args=given):
                return FUNCTIONS[name].check(name, [self.kind(each) for each in given])
            case _:
                raise ExpressionError("this cannot be used here.")

    def _name(self, name: str) -> Kind:
        if name in CONSTANTS:
            return Scalar.FLAG
        if name not in self._names:
            raise ExpressionError(f"there is nothing named {name}.", hint=nearest(name, self._names))
        return self._names[name]

    def _field(self, kind: Kind, name: str) -> Kind:
        if kind is Scalar.ANY:
            return Scalar.ANY
        if not isinstance(kind, Record):
            raise ExpressionError(f"{kind} has nothing named {name}.")
        if name in kind.fields:
            return kind.fields[name]
        if kind.is_open:
            return Scalar.ANY
        raise ExpressionError(f"{kind} has nothing named {name}.", hint=nearest(name, kind.fields))

    def _item(self, kind: Kind, index: ast.expr) -> Kind:
        if isinstance(kind, Record) and isinstance(index, ast.Constant) and isinstance(index.value, str):
            return self._field(kind, index.value)
        wanted = Scalar.TEXT if isinstance(kind, Record) else Scalar.NUMBER
        given = self.kind(index)
        if not (kind is Scalar.ANY or isinstance(kind, ListOf | Record)) or not (
            kind is Scalar.ANY or fits(given, wanted)
        ):
            raise ExpressionError(f"{kind} has no item by {given}.")
        return kind.item if isinstance(kind, ListOf) else Scalar.ANY

    def _flags(self, nodes: Sequence[ast.expr]) -> Kind:
        for node in nodes:
            kind = self.kind(node)
            if not fits(kind, Scalar.FLAG):
                where = offset_of(node, self._source)
                raise ExpressionError(f"{kind} is neither true nor false.", hint="Compare it: x > 0.", offset=where)
        return Scalar.FLAG

    def _negative(self, kind: Kind) -> Kind:
        if kind is Scalar.ANY or kind in ORDERED:
            return kind
        raise ExpressionError(f"{kind} has no negative.")
