"""The functions that expressions may call: all pure, all of bounded work. Before it: kinds. After it: checking."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from kronveil.logic.expressions.kinds import (
    MOST_TEXT,
    UNKNOWN,
    ExpressionError,
    Kind,
    ListOf,
    Scalar,
    Value,
    duration,
    kind_of,
    quantity,
    written,
)

ORDERED = (Scalar.NUMBER, Scalar.QUANTITY, Scalar.DURATION)


@dataclass(frozen=True, slots=True)
class Function:
    """``takes``: the kinds that each argument may be of, the last one for all further ones when ``is_open``.

    ``gives`` says the kind of the result. With ``takes_unknown`` it is called with what is unknown, too; else the
    result is unknown then.
    """

    usage: str
    summary: str
    takes: Sequence[Sequence[Kind]]
    gives: Callable[[Sequence[Kind]], Kind]
    call: Callable[..., Value]
    is_open: bool = False
    takes_unknown: bool = False
    least: int | None = None

    def check(self, name: str, kinds: Sequence[Kind]) -> Kind:
        """The kind of the result for arguments of these kinds. Raises ExpressionError."""
        least = len(self.takes) if self.least is None else self.least
        if len(kinds) < least or (len(kinds) > len(self.takes) and not self.is_open):
            raise ExpressionError(f"{name} does not take {len(kinds)} values.", hint=f"Write {self.usage}.")
        for index, kind in enumerate(kinds):
            may_be = self.takes[min(index, len(self.takes) - 1)]
            if not any(fits(kind, each) for each in may_be):
                words = " or ".join(dict.fromkeys(str(each) for each in may_be))
                raise ExpressionError(f"{name} takes {words} here, not {kind}.", hint=f"Write {self.usage}.")
        return self.gives(kinds)


def fits(kind: Kind, wanted: Kind) -> bool:
    """Whether a value of this kind may stand where another is wanted; of ``any`` that is seen when it is computed."""
    if Scalar.ANY in (kind, wanted):
        return True
    if isinstance(kind, ListOf) and isinstance(wanted, ListOf):
        return fits(kind.item, wanted.item)
    return kind == wanted


def joined(kinds: Sequence[Kind]) -> Kind:
    """The one kind of all of these, ``any`` where they differ or nothing is known of one."""
    return kinds[0] if kinds and all(kind == kinds[0] for kind in kinds) else Scalar.ANY


def _alike(kinds: Sequence[Kind]) -> Kind:
    known = [kind for kind in kinds if kind is not Scalar.ANY]
    if any(kind != known[0] for kind in known):
        raise ExpressionError(f"{known[0]} and {next(each for each in known if each != known[0])} cannot be compared.")
    return known[0] if known else Scalar.ANY


def _least(*values: Any) -> Value:
    _alike([kind_of(each) or Scalar.ANY for each in values])
    return min(values)


def _most(*values: Any) -> Value:
    _alike([kind_of(each) or Scalar.ANY for each in values])
    return max(values)


def _round(value: float, digits: float = 0) -> Value:
    if digits != int(digits) or not 0 <= digits <= 12:
        raise ExpressionError("round takes 0 to 12 digits.")
    return round(value, int(digits)) if digits else round(value)


def _text(value: Value) -> str:
    found = written(value)
    if len(found) > MOST_TEXT:
        raise ExpressionError("the text is too long.")
    return found


def _words(*values: Value) -> str:
    return _text(" ".join(each for each in values if isinstance(each, str) and each))


def _first(items: Sequence[Value]) -> Value:
    return items[0] if items else UNKNOWN


def _known(value: Value) -> bool:
    return value is not UNKNOWN


def _gives(kind: Kind) -> Callable[[Sequence[Kind]], Kind]:
    return lambda _: kind


def _item_of(kinds: Sequence[Kind]) -> Kind:
    return kinds[0].item if isinstance(kinds[0], ListOf) else Scalar.ANY


_TEXTS = (Scalar.TEXT, Scalar.TEXT)
FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "min": Function("min(a, b)", "The least.", (ORDERED, ORDERED), _alike, _least, is_open=True),
        "max": Function("max(a, b)", "The greatest.", (ORDERED, ORDERED), _alike, _most, is_open=True),
        "round": Function(
            "round(x, digits)",
            "Rounded; to a whole number without digits.",
            ((Scalar.NUMBER,), (Scalar.NUMBER,)),
            _gives(Scalar.NUMBER),
            _round,
            least=1,
        ),
        "len": Function(
            "len(x)", "How long a text or a list is.", ((Scalar.TEXT, ListOf()),), _gives(Scalar.NUMBER), len
        ),
        "lower": Function("lower(x)", "In small letters.", ((Scalar.TEXT,),), _gives(Scalar.TEXT), str.lower),
        "upper": Function("upper(x)", "In capital letters.", ((Scalar.TEXT,),), _gives(Scalar.TEXT), str.upper),
        "startswith": Function(
            "startswith(x, start)",
            "Whether a text begins so.",
            tuple((each,) for each in _TEXTS),
            _gives(Scalar.FLAG),
            str.startswith,
        ),
        "endswith": Function(
            "endswith(x, end)",
            "Whether a text ends so.",
            tuple((each,) for each in _TEXTS),
            _gives(Scalar.FLAG),
            str.endswith,
        ),
        "quantity": Function(
            "quantity('512Mi')", "A text read as a quantity.", ((Scalar.TEXT,),), _gives(Scalar.QUANTITY), quantity
        ),
        "duration": Function(
            "duration('15m')", "A text read as a duration.", ((Scalar.TEXT,),), _gives(Scalar.DURATION), duration
        ),
        "text": Function("text(x)", "Any value as text.", ((Scalar.ANY,),), _gives(Scalar.TEXT), _text),
        "words": Function(
            "words(a, b)",
            "Those texts that are known and not empty, with a space between.",
            ((Scalar.TEXT,), (Scalar.TEXT,)),
            _gives(Scalar.TEXT),
            _words,
            is_open=True,
            takes_unknown=True,
            least=1,
        ),
        "first": Function("first(list)", "Its first item; unknown of an empty one.", ((ListOf(),),), _item_of, _first),
        "known": Function(
            "known(x)",
            "Whether anybody knows it.",
            ((Scalar.ANY,),),
            _gives(Scalar.FLAG),
            _known,
            takes_unknown=True,
        ),
        "default": Function(
            "default(x, y)",
            "The first that is known.",
            ((Scalar.ANY,), (Scalar.ANY,)),
            joined,
            lambda *values: next((each for each in values if each is not UNKNOWN), UNKNOWN),
            is_open=True,
            takes_unknown=True,
        ),
    }
)
