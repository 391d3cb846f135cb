"""The embedded store keeps every promise of the contract."""

import pytest

from kronveil.sdk.testing.store import StoreContract


@pytest.mark.anyio
class TestSqlite(StoreContract):
    opener = "kronveil.stores.sqlite:open_sqlite"
    kills = 10
