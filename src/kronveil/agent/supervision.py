"""Keeps one collector running for as long as its scope lives, whatever happens to it."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta

import anyio
import structlog

from kronveil.agent.intake import Clock, Source
from kronveil.model.fleet import Standing
from kronveil.sdk.backoff import Backoff
from kronveil.sdk.contracts import Collector
from kronveil.sdk.errors import Permanent, PluginError

# A Permanent error needs a person; but what they repair is often a file that the configuration only names
# (a kubeconfig, a certificate), and no reload tells us of that.
REPAIRED_AFTER_S = 30.0
HEALTHY_RUN_S = 60.0
log = structlog.get_logger()


class Supervised:
    """One collector under supervision; ``collector`` is the open one, if any."""

    def __init__(
        self, source: Source, open_collector: Callable[[], AbstractAsyncContextManager[Collector]], clock: Clock
    ) -> None:
        self.source = source
        self.collector: Collector | None = None
        self._open = open_collector
        self._clock = clock
        self._tries = 0

    async def run(self) -> None:
        """Open and run the collector until cancelled; report why it ended and try again, later and later."""
        backoff = Backoff()
        while True:
            began = anyio.current_time()
            wait_s: float
            try:
                async with self._open() as collector:
                    self.collector = collector
                    await collector.run(self.source.emit)
                reason = "the collector ended by itself"
                wait_s = backoff.next_s()
            except Permanent as error:
                reason, wait_s = str(error), REPAIRED_AFTER_S
            except PluginError as error:
                reason, wait_s = str(error), backoff.next_s()
            except Exception as error:  # a defect in one collector must not end the others
                log.exception("collector.failed", cluster=self.source.origin.cluster_name)
                reason, wait_s = f"the collector failed: {type(error).__name__}", backoff.next_s()
            finally:
                self.collector = None
            if anyio.current_time() - began > HEALTHY_RUN_S:
                backoff.reset()
            self._report(reason, wait_s)
            await anyio.sleep(wait_s)

    def _report(self, reason: str, wait_s: float) -> None:
        self._tries += 1
        log.warning("collector.stopped", cluster=self.source.origin.cluster_name, reason=reason, retry_in_s=wait_s)
        known = self.source.standing or Standing()
        next_try = self._clock() + timedelta(seconds=wait_s)
        self.source.update(replace(known, error=reason, tries=known.tries + 1, next_try_at=next_try))
