"""How a reading lies in its row, and a subject in its line. No I/O, no clock.

A segment is an hour of one cluster: each subject that comes up gets the next slot in it. A row holds columns of as many
values as there were slots then: processor time, memory, and how much older than the row the measurement is.
"""

import math
import zlib
from array import array
from collections.abc import Sequence

from kronveil.model.signal import Bounds, Subject

CPU, MEMORY, AGE = 0, 4, 8
"""Where a column begins in a row of n slots, in n bytes."""
BYTES_A_SLOT = 10
UNMEASURED = 0xFFFF
OLDEST_S = UNMEASURED - 1
_NAN = math.nan
_FIELDS = 10


def line_of(subject: Subject) -> str:
    """All that is kept of a subject; another line is another slot."""
    bounds = subject.bounds
    amounts = (bounds.cpu_request, bounds.cpu_limit, bounds.memory_request, bounds.memory_limit)
    words = [subject.namespace, subject.name, subject.part, subject.node, subject.owner_kind, subject.owner]
    figures = ["" if amount is None else f"{amount:.12g}" for amount in amounts]
    line = "\t".join([*words, *figures])
    if line.count("\t") == _FIELDS - 1 and "\n" not in line:
        return line
    # Whoever may make a pod may write any text into it as its owner: our own marks must not come from there.
    return "\t".join([*[" ".join(word.split()) for word in words], *figures])


def subject_in(line: str) -> Subject:
    """The subject of a line. Raises ValueError for what is none."""
    fields = line.split("\t")
    if len(fields) != _FIELDS:
        raise ValueError("not the line of a subject")
    namespace, name, part, node, owner_kind, owner, *amounts = fields
    bounds = Bounds(*[float(amount) if amount else None for amount in amounts])
    return Subject(namespace, name, part, node, owner_kind, owner, bounds)


def pack_lines(lines: Sequence[str]) -> bytes:
    """Lines as they are kept."""
    return zlib.compress("\n".join(lines).encode(), 1)


def unpack_lines(body: bytes) -> str:
    """The lines, one after the other. Raises ValueError for what is none."""
    try:
        return zlib.decompress(body).decode()
    except zlib.error as error:
        raise ValueError(str(error)) from error


class Row:
    """A row being filled."""

    def __init__(self, slots: int) -> None:
        self._cpu = array("f", [_NAN]) * slots
        self._memory = array("f", [_NAN]) * slots
        self._age = array("H", [UNMEASURED]) * slots

    def put(self, slot: int, cpu: float | None, memory: float | None, age_s: int) -> None:
        """What was measured for a slot."""
        self._cpu[slot] = _NAN if cpu is None else cpu
        self._memory[slot] = _NAN if memory is None else memory
        self._age[slot] = min(max(age_s, 0), OLDEST_S)

    def packed(self) -> bytes:
        """Its bytes."""
        return self._cpu.tobytes() + self._memory.tobytes() + self._age.tobytes()


class PackedRow:
    """A row being read."""

    def __init__(self, at: int, body: bytes) -> None:
        self._at = at
        self._slots = len(body) // BYTES_A_SLOT
        view = memoryview(body)[: self._slots * BYTES_A_SLOT]
        self._columns = {
            CPU: view[: MEMORY * self._slots].cast("f"),
            MEMORY: view[MEMORY * self._slots : AGE * self._slots].cast("f"),
        }
        self._ages = view[AGE * self._slots :].cast("H")

    def time_of(self, slot: int) -> int | None:
        """When a slot was measured; None when it was not."""
        if slot >= self._slots or (age := self._ages[slot]) == UNMEASURED:
            return None
        return self._at - int(age)

    def value_of(self, slot: int, column: int) -> float | None:
        """What was measured of it."""
        value = float(self._columns[column][slot])
        return None if math.isnan(value) else value
