"""The long form of the store's durability: a hundred kills under load, ten on each of ten folders, not one loss."""

from pathlib import Path

import pytest

from kronveil.sdk.testing.store import StoreContract
from kronveil.stores.sqlite.examining import examine

KILLS_EACH = 10


class Sqlite(StoreContract):
    opener = "kronveil.stores.sqlite:open_sqlite"
    kills = KILLS_EACH


@pytest.mark.anyio
@pytest.mark.timeout(600)
@pytest.mark.parametrize("folder", range(10))
async def test_a_killed_writer_loses_nothing_acknowledged(folder: int, tmp_path: Path) -> None:
    contract = Sqlite()
    contract.first = KILLS_EACH * folder
    await contract.test_a_killed_writer_loses_nothing_acknowledged(tmp_path)
    assert examine(tmp_path / "kronveil.db").is_whole
