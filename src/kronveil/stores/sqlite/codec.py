"""Between the model and what is stored: bodies as JSON text, times as whole microseconds, cursors as opaque text."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar, cast

import msgspec

from kronveil.model.autonomy import Standing
from kronveil.model.change import Change, Suspect
from kronveil.model.event import Event
from kronveil.model.execution import Execution
from kronveil.model.incident import Incident
from kronveil.model.policy import Decision
from kronveil.model.silence import Silence

T = TypeVar("T", int, str)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_CURSOR_VERSION = 1
RESOLVED = "incidents by when they were resolved"


def _plain(value: object) -> object:
    """Make a read-only mapping encodable; anything else is a mistake of whoever built the value."""
    if isinstance(value, Mapping):
        return dict(cast("Mapping[object, object]", value))
    raise TypeError(f"cannot store a value of type {type(value).__name__}")


_encoder = msgspec.json.Encoder(enc_hook=_plain)
# Unknown fields are let pass: a newer minor version may have written the row.
_events = msgspec.json.Decoder(Event)
_incidents = msgspec.json.Decoder(Incident)
_changes = msgspec.json.Decoder(Change)
_suspects = msgspec.json.Decoder(list[Suspect])
_silences = msgspec.json.Decoder(Silence)
_executions = msgspec.json.Decoder(Execution)
_decisions = msgspec.json.Decoder(Decision)
_standings = msgspec.json.Decoder(Standing)


def body_of(value: Event | Incident | Change | Silence | Execution | Decision | Standing) -> str:
    """The whole value as JSON; a number that is none (NaN, infinity) becomes null.

    Raises TypeError or ValueError when it holds something that is not data.
    """
    return _encoder.encode(value).decode()


def list_of(ids: Sequence[str]) -> str:
    """Ids as a JSON list."""
    return _encoder.encode(ids).decode()


def event_from(body: str) -> Event:
    """The event back. Raises msgspec.ValidationError or DecodeError when the text is not one."""
    return _events.decode(body)


def execution_from(body: str) -> Execution:
    """The run back. Raises msgspec.ValidationError or DecodeError when the text is not one."""
    return _executions.decode(body)


def decision_from(body: str) -> Decision:
    """The decision back. Raises msgspec.ValidationError or DecodeError when the text is not one."""
    return _decisions.decode(body)


def standing_from(body: str) -> Standing:
    """The standing back. Raises msgspec.ValidationError or DecodeError when the text is not one."""
    return _standings.decode(body)


def incident_from(body: str) -> Incident:
    """The incident back. Raises msgspec.ValidationError or DecodeError when the text is not one."""
    return _incidents.decode(body)


def change_from(body: str) -> Change:
    """The change back. Raises msgspec.ValidationError or DecodeError when the text is not one."""
    return _changes.decode(body)


def suspects_from(text: str) -> list[Suspect]:
    """What an incident suspects. Raises msgspec.ValidationError or DecodeError when the text does not say."""
    return _suspects.decode(text)


def silence_from(body: str) -> Silence:
    """The silence back. Raises msgspec.ValidationError or DecodeError when the text is not one."""
    return _silences.decode(body)


def to_us(moment: datetime) -> int:
    """Exact microseconds since 1970. A time without a zone is refused: it could be any hour."""
    if moment.tzinfo is None:
        raise ValueError(f"cannot store {moment.isoformat()}: it says no time zone")
    return (moment - _EPOCH) // _MICROSECOND


def from_us(microseconds: int) -> datetime:
    """The moment back, in UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)


def to_cursor(listing: str, time_us: int, tie: int | str) -> str:
    """Where a page of ``listing`` ended: the last row's time, and what tells it from rows of the same time."""
    return base64.urlsafe_b64encode(msgspec.json.encode((_CURSOR_VERSION, listing, time_us, tie))).decode().rstrip("=")


def from_cursor(cursor: str, listing: str, tie_type: type[T]) -> tuple[int, T]:
    """The place back. Raises ValueError when this is no cursor of that listing."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        version, of, time_us, tie = msgspec.json.decode(raw, type=tuple[int, str, int, tie_type])  # type: ignore[valid-type]
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"{cursor!r} is not a cursor of a list of {listing}") from error
    if version != _CURSOR_VERSION or of != listing:
        raise ValueError(f"{cursor!r} is not a cursor of a list of {listing}")
    return time_us, tie
