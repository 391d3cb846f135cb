"""Who is told, as the API shows it."""

from kronveil.api.shape import shape
from kronveil.api.shapes.terms import NextCursor


@shape
class Notifier:
    """A way to tell people that is configured."""

    name: str
    summary: str


@shape
class NotifierList:
    """All of them, by name."""

    items: list[Notifier]
    next_cursor: NextCursor


@shape
class NotifierTest:
    """What came of a test notice: whom it reached, or why it reached nobody."""

    name: str
    told: bool
    message: str
