"""The embedded file of values keeps every promise of the contract."""

import pytest

from kronveil.sdk.testing.signals import SignalStoreContract


@pytest.mark.anyio
class TestSignals(SignalStoreContract):
    opener = "kronveil.stores.sqlite.signals:open_signals"
