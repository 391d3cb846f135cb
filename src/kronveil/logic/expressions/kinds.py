"""What a value of an expression can be, and how values are written: numbers with a unit do not mix with plain ones."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TypeAlias, TypeGuard

MOST_TEXT = 10_000
MOST_ITEMS = 1_000
LARGEST = 10**18


class ExpressionError(Exception):
    """An expression that cannot be read, checked or computed. ``offset`` counts characters from its beginning."""

    def __init__(self, message: str, *, hint: str = "", offset: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.offset = offset


class Scalar(StrEnum):
    """The kinds of single values. Of ``any`` nothing is known before it is computed."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    QUANTITY = "quantity"
    DURATION = "duration"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list whose items are all of one kind."""

    item: "Kind" = Scalar.ANY

    def __str__(self) -> str:
        return f"list of {self.item}"


@dataclass(frozen=True, slots=True)
class Record:
    """Values by name. With ``is_open`` there may be others of any kind."""

    name: str
    fields: "Mapping[str, Kind]" = field(default_factory=dict[str, "Kind"])
    is_open: bool = False

    def __str__(self) -> str:
        return self.name


Kind: TypeAlias = Scalar | ListOf | Record


class _Unknown:
    """What nobody knows. It is neither equal to anything nor true nor false; asking for it is ``known(x)``."""

    def __repr__(self) -> str:
        return "unknown"


UNKNOWN = _Unknown()


@dataclass(frozen=True, slots=True, order=True)
class Quantity:
    """An amount as Kubernetes writes it, in thousandths: bytes, cores, pieces."""

    thousandths: int

    def __str__(self) -> str:
        if self.thousandths % 1000:
            return f"{self.thousandths}m"
        whole = self.thousandths // 1000
        for unit, size in reversed(_BINARY.items()):
            if whole and whole % size == 0:
                return f"{whole // size}{unit}"
        return str(whole)


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A span of time, in milliseconds."""

    milliseconds: int

    def __str__(self) -> str:
        left, parts = abs(self.milliseconds), list[str]()
        for unit, size in _SPANS.items():
            count, left = divmod(left, size)
            if count:
                parts.append(f"{count}{unit}")
        return ("-" if self.milliseconds < 0 else "") + ("".join(parts) or "0s")

    @property
    def span(self) -> timedelta:
        """The same as other code has it."""
        return timedelta(milliseconds=self.milliseconds)


Value: TypeAlias = object
_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50}
_DECIMAL = {"m": 1, "": 10**3, "k": 10**6, "M": 10**9, "G": 10**12, "T": 10**15, "P": 10**18}
_SPANS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_QUANTITY = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,9}))?(Ki|Mi|Gi|Ti|Pi|m|k|M|G|T|P)?", re.ASCII)
_DURATION = re.compile(
    r"(?=[0-9])(?:([0-9]{1,9})d)?(?:([0-9]{1,9})h)?(?:([0-9]{1,9})m)?(?:([0-9]{1,9})s)?(?:([0-9]{1,9})ms)?", re.ASCII
)


def is_list(value: object) -> TypeGuard[Sequence[object]]:
    """Whether a value is a list."""
    return isinstance(value, list | tuple)


def is_record(value: object) -> TypeGuard[Mapping[str, object]]:
    """Whether a value has others by name; names are texts, as they are in JSON."""
    return isinstance(value, Mapping)


def quantity(text: str) -> Quantity:
    """Read ``512Mi``, ``1.5Gi``, ``250m`` or ``2``. Raises ExpressionError."""
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        raise ExpressionError(f"{_short(text)} is not a quantity.", hint="Write 512Mi, 2Gi or 250m.")
    whole, part, unit = match[1], match[2] or "", match[3] or ""
    size = _BINARY[unit] * 1000 if unit in _BINARY else _DECIMAL[unit]
    return Quantity(bounded(int(whole + part) * size // 10 ** len(part)))


def duration(text: str) -> Duration:
    """Read ``15s``, ``2m`` or ``1h30m``. Raises ExpressionError."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ExpressionError(f"{_short(text)} is not a duration.", hint="Write 15s, 2m or 1h30m.")
    total = sum(int(part) * size for part, size in zip(match.groups(), _SPANS.values(), strict=True) if part)
    return Duration(bounded(total))


def bounded(number: int) -> int:
    """The number, unless it is larger than any honest one. Raises ExpressionError."""
    if abs(number) > LARGEST * 1000:
        raise ExpressionError("the result is too large.")
    return number


def kind_of(value: Value) -> Kind | None:
    """What kind of value this is; None for what no expression may hold."""
    if isinstance(value, bool):
        return Scalar.FLAG
    if isinstance(value, int | float):
        return Scalar.NUMBER
    for type_, kind in ((str, Scalar.TEXT), (Quantity, Scalar.QUANTITY), (Duration, Scalar.DURATION)):
        if isinstance(value, type_):
            return kind
    if is_list(value):
        return ListOf()
    if is_record(value):
        return Record("record", is_open=True)
    return Scalar.ANY if value is UNKNOWN else None


def from_json(value: object, kind: Kind = Scalar.ANY) -> Value:  # noqa: PLR0911 - a kind of value a case
    """A value as expressions compute with it, from one as JSON has it. ``null`` is unknown."""
    if value is None:
        return UNKNOWN
    if isinstance(value, str):
        if kind is Scalar.QUANTITY:
            return quantity(value)
        return duration(value) if kind is Scalar.DURATION else value
    if is_list(value):
        item = kind.item if isinstance(kind, ListOf) else Scalar.ANY
        return tuple(from_json(each, item) for each in value)
    if is_record(value):
        fields: Mapping[str, Kind] = kind.fields if isinstance(kind, Record) else {}
        return {name: from_json(each, fields.get(name, Scalar.ANY)) for name, each in value.items()}
    if kind is Scalar.QUANTITY and isinstance(value, int) and not isinstance(value, bool):
        return Quantity(bounded(value * 1000))
    return value


def to_json(value: Value) -> object:
    """A value as a parameter has it: quantities and durations are text. Raises ExpressionError for an unknown one."""
    if value is UNKNOWN:
        raise ExpressionError("its value is not known.", hint="Give one for that case: default(x, 1).")
    if isinstance(value, Quantity | Duration):
        return str(value)
    if is_list(value):
        return [to_json(each) for each in value]
    if is_record(value):
        return {name: to_json(each) for name, each in value.items()}
    return value


def written(value: Value) -> str:
    """A value within a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < LARGEST:
        return str(int(value))
    if is_list(value):
        return ", ".join(written(each) for each in value)
    if is_record(value):
        return ", ".join(f"{name}: {written(each)}" for name, each in value.items())
    return str(value)


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:37]}...")
