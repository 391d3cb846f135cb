"""Which agent changes runs: the one that started last. Each start takes a higher fence, and renews its lease."""

import os
import socket
from datetime import timedelta

import anyio
import structlog

from kronveil.agent.runs import Runs
from kronveil.sdk.backoff import Backoff
from kronveil.sdk.errors import PluginError
from kronveil.sdk.storage import Lease, Overtaken, Store

LEASE = timedelta(minutes=2)
RENEW_S = 40.0
log = structlog.get_logger()


async def take_over(runs: Runs, store: Store) -> Lease:
    """From here on no other agent changes a run, not even one that was stopped long ago and wakes up."""
    backoff = Backoff()
    holder = f"{socket.gethostname()}:{os.getpid()}"
    while True:
        try:
            lease = await store.take_lease(holder, runs.now() + LEASE)
        except PluginError as error:
            runs.trouble = str(error)
            log.warning("executions.not_taken_over", error=str(error))
            await anyio.sleep(backoff.next_s())
        else:
            runs.fence, runs.trouble, runs.kept_at = lease.fence, None, runs.now()
            return lease


async def keep_lease(runs: Runs, store: Store, lease: Lease) -> None:
    """Renew it until cancelled, or until another agent has taken over."""
    while True:
        await anyio.sleep(RENEW_S)
        try:
            lease = await store.renew_lease(lease, runs.now() + LEASE)
            runs.kept_at = runs.now()
        except Overtaken as error:
            runs.is_overtaken, runs.trouble = True, str(error)
            log.warning("executions.overtaken", error=str(error))
            return
        except PluginError as error:
            log.warning("executions.lease_not_renewed", error=str(error))
