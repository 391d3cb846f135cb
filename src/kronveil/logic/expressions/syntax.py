"""Reads expressions and templates: Python's grammar, of which only a short list of nodes is let through."""

import ast
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from kronveil.logic.expressions.functions import FUNCTIONS
from kronveil.logic.expressions.kinds import LARGEST, ExpressionError

MOST_SOURCE = 1_000
MOST_NODES = 300
MOST_DEPTH = 30
BEGIN, END = "${{", "}}"
CONSTANTS = {"true": True, "false": False}
ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod)
COMPARISONS = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn)
_NOT_HERE: Mapping[type[ast.AST], str] = {
    ast.Pow: "powers",
    ast.Lambda: "functions of one's own",
    ast.JoinedStr: "f-strings",
    ast.ListComp: "comprehensions",
    ast.SetComp: "comprehensions",
    ast.DictComp: "comprehensions",
    ast.GeneratorExp: "comprehensions",
    ast.NamedExpr: "assignments",
    ast.Slice: "slices",
    ast.Starred: "stars",
    ast.Is: "is",
    ast.IsNot: "is not",
}


@dataclass(frozen=True, slots=True)
class Expression:
    """One that was read: only nodes of the short list, of bounded size and depth."""

    source: str
    tree: ast.expr
    names: frozenset[str]

    def __str__(self) -> str:
        return self.source


Part: TypeAlias = str | Expression


def parse(source: str) -> Expression:
    """Read an expression. Raises ExpressionError."""
    text = " ".join(source.split("\n")).strip()
    if not text:
        raise ExpressionError("is empty.", hint="Write, say, steps.memory.trend == 'leak'.")
    if len(text) > MOST_SOURCE:
        raise ExpressionError(f"is longer than {MOST_SOURCE} characters.")
    if "\\" in text or not text.isprintable():
        raise ExpressionError("has a backslash or a character that cannot be seen.")
    tree = _tree(text)
    reading = _Reading(text)
    reading.node(tree, 0)
    return Expression(text, tree, frozenset(reading.names))


def parse_template(text: str) -> tuple[Part, ...]:
    """A text with expressions in ``${{ }}``, as its parts. ``$${{`` stands for ``${{``. Raises ExpressionError."""
    parts: list[Part] = []
    plain, at = "", 0
    while (begin := text.find(BEGIN, at)) >= 0:
        if begin > at and text[begin - 1] == "$":
            plain, at = plain + text[at : begin - 1] + BEGIN, begin + len(BEGIN)
            continue
        end = _end(text, begin + len(BEGIN))
        plain += text[at:begin]
        if plain:
            parts.append(plain)
        inside = text[begin + len(BEGIN) : end]
        try:
            parts.append(parse(inside))
        except ExpressionError as error:
            offset = begin + len(BEGIN) + len(inside) - len(inside.lstrip()) + error.offset
            raise ExpressionError(error.message, hint=error.hint, offset=offset) from None
        plain, at = "", end + len(END)
    plain += text[at:]
    return (*parts, plain) if plain or not parts else tuple(parts)


def offset_of(node: ast.AST, source: str) -> int:
    """Where a node begins, in characters."""
    return len(source.encode()[: getattr(node, "col_offset", 0)].decode(errors="ignore"))


def _end(text: str, at: int) -> int:
    quote = ""
    for index in range(at, len(text)):
        if quote:
            quote = "" if text[index] == quote else quote
        elif text[index] in "'\"":
            quote = text[index]
        elif text.startswith(END, index):
            return index
    raise ExpressionError(f"{BEGIN} is not closed.", hint=f"Write {BEGIN} ... {END}.", offset=at - len(BEGIN))


def _tree(text: str) -> ast.expr:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        offset = max(0, min((error.offset or 1) - 1, len(text)))
        raise ExpressionError("cannot be read.", hint=_hint(text), offset=offset) from None
    except (ValueError, RecursionError, MemoryError, Warning):
        raise ExpressionError("cannot be read.", hint=_hint(text)) from None


def _hint(text: str) -> str:
    if "&&" in text or "||" in text or "!" in text.replace("!=", ""):
        return "Write and, or, not."
    if "=" in text.replace("==", "").replace("!=", "").replace("<=", "").replace(">=", ""):
        return "Write == to compare."
    return "Write, say, steps.memory.trend == 'leak' and inputs.percent > 10."


class _Reading:
    """Goes through a tree once: what is not on the list, too deep or too much is refused."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._nodes = 0
        self.names: set[str] = set()

    def node(self, node: ast.expr, depth: int) -> None:
        self._nodes += 1
        if depth > MOST_DEPTH or self._nodes > MOST_NODES:
            raise self._refusal(node, "is nested too deep or too long.", "Split it over several steps.")
        for child in self._children(node):
            self.node(child, depth + 1)

    def _children(self, node: ast.expr) -> list[ast.expr]:  # noqa: C901, PLR0911, PLR0912 - a kind of node a case
        match node:
            case ast.Constant():
                return self._constant(node)
            case ast.Name(id=name):
                if name not in CONSTANTS:
                    self.names.add(name)
                return []
            case ast.Attribute(value=value, attr=name):
                if name.startswith("_"):
                    raise self._refusal(node, f"there is nothing named {name}.")
                return [value]
            case ast.Subscript(value=value, slice=index):
                return [value, index]
            case ast.List(elts=items):
                return items
            case ast.BoolOp(values=values):
                return values
            case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
                return [operand]
            case ast.BinOp(left=left, op=op, right=right) if isinstance(op, ARITHMETIC):
                return [left, right]
            case ast.Compare(left=left, ops=ops, comparators=others) if all(isinstance(op, COMPARISONS) for op in ops):
                return [left, *others]
            case ast.IfExp(test=test, body=body, orelse=otherwise):
                return [test, body, otherwise]
            case ast.Call():
                return self._arguments(node)
            case _:
                raise self._refusal(node, f"{self._word(node)} cannot be used here.")

    def _constant(self, node: ast.Constant) -> list[ast.expr]:
        value = node.value
        if value is None:
            raise self._refusal(node, "there is no None.", "Ask known(x), or write default(x, y).")
        if not isinstance(value, bool | int | float | str):
            raise self._refusal(node, "only texts, numbers, true and false can be written.")
        if isinstance(value, int | float) and not abs(value) <= LARGEST:
            raise self._refusal(node, "the number is too large.")
        return []

    def _arguments(self, node: ast.Call) -> list[ast.expr]:
        if not isinstance(node.func, ast.Name):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else "this"
            hint = f"Write {FUNCTIONS[name].usage}." if name in FUNCTIONS else f"There are: {', '.join(FUNCTIONS)}."
            raise self._refusal(node, f"{name} is nothing that can be called.", hint)
        if node.func.id not in FUNCTIONS:
            raise self._refusal(node, f"there is no function {node.func.id}.", f"There are: {', '.join(FUNCTIONS)}.")
        if node.keywords:
            raise self._refusal(node, "values of a function have no names here.")
        return node.args

    def _word(self, node: ast.expr) -> str:
        found: list[ast.AST] = [node, *getattr(node, "ops", ()), *([node.op] if isinstance(node, ast.BinOp) else [])]
        return next((_NOT_HERE[type(each)] for each in found if type(each) in _NOT_HERE), "this")

    def _refusal(self, node: ast.AST, message: str, hint: str = "") -> ExpressionError:
        return ExpressionError(message, hint=hint, offset=offset_of(node, self._source))
