"""A notifier that could not be opened: it tells nobody, and says why to who tries."""

from kronveil.sdk.errors import Permanent
from kronveil.sdk.notifiers import Notice


class Broken:
    """See ``Notifier``. Stands in for one, so that a mistake in its section neither stops the agent nor is silent."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    async def tell(self, notice: Notice) -> str:
        """See ``Notifier.tell``."""
        raise Permanent(f"it could not be opened: {self._reason}; {notice.title!r} was told to nobody by it")
