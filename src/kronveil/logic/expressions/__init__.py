"""The expressions of runbooks: ``${{ ... }}`` in parameters, bare in ``if`` and ``for_each``. Typed, bounded, no code.

Read (``syntax``), checked (``checking``) and computed (``computing``) over a few kinds of values (``kinds``) with a
short table of pure ``functions``.
"""

from kronveil.logic.expressions.checking import infer
from kronveil.logic.expressions.computing import compute, fill
from kronveil.logic.expressions.kinds import (
    UNKNOWN,
    Duration,
    ExpressionError,
    Kind,
    ListOf,
    Quantity,
    Record,
    Scalar,
    Value,
    from_json,
    kind_of,
    to_json,
    written,
)
from kronveil.logic.expressions.syntax import Expression, Part, parse, parse_template

__all__ = [
    "UNKNOWN",
    "Duration",
    "Expression",
    "ExpressionError",
    "Kind",
    "ListOf",
    "Part",
    "Quantity",
    "Record",
    "Scalar",
    "Value",
    "compute",
    "fill",
    "from_json",
    "infer",
    "kind_of",
    "parse",
    "parse_template",
    "to_json",
    "written",
]
