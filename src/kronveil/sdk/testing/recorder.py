"""The agent's side in a collector's contract tests: takes batches, remembers them, and can refuse to take more."""

from collections.abc import Callable

import anyio

from kronveil.model.fleet import Standing
from kronveil.model.observation import Observation
from kronveil.sdk.contracts import Batch


class Recorder:
    """An ``emit`` that keeps everything it was given, in order."""

    def __init__(self, patience_s: float) -> None:
        self.batches: list[Batch] = []
        self.patience_s = patience_s
        self.is_waited_on = anyio.Event()
        self._open = anyio.Event()
        self._open.set()
        self._news = anyio.Event()

    async def __call__(self, batch: Batch, /) -> None:
        if not self._open.is_set():
            self.is_waited_on.set()
            await self._open.wait()
        self.batches.append(batch)
        self._news.set()
        self._news = anyio.Event()

    def block(self) -> None:
        """Take nothing until ``release``, as an agent whose intake is full."""
        self._open = anyio.Event()

    def release(self) -> None:
        """Take again."""
        self._open.set()

    @property
    def observations(self) -> list[Observation]:
        """All of them, those without a frame behind them too."""
        return [one for batch in self.batches for one in (*batch.observations, *batch.unsourced)]

    def about(self, name: str, kind: str | None = None) -> list[Observation]:
        """Those about the object of this name, of one kind of observation or of all."""
        return [one for one in self.observations if one.resource.name == name and kind in (None, one.kind)]

    def is_gone(self, name: str) -> bool:
        """Whether the object was reported as deleted."""
        return bool(self.about(name, "object.gone"))

    @property
    def standing(self) -> Standing:
        """The newest one."""
        return next((batch.standing for batch in reversed(self.batches) if batch.standing is not None), Standing())

    @property
    def error(self) -> str | None:
        """What the newest standing gives as the reason why nothing is heard."""
        return self.standing.error

    @property
    def received(self) -> int:
        """How many frames and list items the batches account for."""
        return sum(len(batch.observations) + batch.unchanged + sum(batch.dropped.values()) for batch in self.batches)

    async def until(self, claim: Callable[[], bool], what: str) -> None:
        """Return once the claim holds; fail with ``what`` when patience ends first."""
        with anyio.move_on_after(self.patience_s):
            while not claim():
                news = self._news
                # The claim may also rest on the source, which does not call here.
                with anyio.move_on_after(0.05):
                    await news.wait()
            return
        raise AssertionError(f"within {self.patience_s:g} s it did not happen that {what}; standing: {self.standing}")
