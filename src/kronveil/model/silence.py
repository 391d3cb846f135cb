"""A person's word that some incidents need nobody for a while."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Silence:
    """Hushes incidents that match all of its fields; an empty field matches everything. Hushed is never hidden.

    ``cluster``, ``namespace``, ``owner`` and ``kind`` may end in ``*``. ``is_maintenance`` tells planned work from
    noise.
    """

    id: str
    starts_at: datetime
    ends_at: datetime
    created_by: str
    reason: str
    cluster: str = ""
    namespace: str = ""
    owner: str = ""
    kind: str = ""
    is_maintenance: bool = False
