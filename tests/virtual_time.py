"""An event loop whose clock jumps to the next thing due instead of waiting for it: minutes in milliseconds."""

import asyncio
import selectors
from collections.abc import Mapping
from typing import Any


class _JumpingSelector(selectors.DefaultSelector):
    """Never sleeps: where it would have, it moves the loop's clock on."""

    skipped_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if ready or timeout is None or timeout <= 0:
            return ready or (super().select(None) if timeout is None else ready)
        self.skipped_s += timeout
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Only for code that waits for nothing outside the loop: no threads, no sockets."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.skipped_s


VIRTUAL_TIME: tuple[str, Mapping[str, Any]] = ("asyncio", {"loop_factory": VirtualTimeLoop})
