"""The embedded store: one SQLite file, one writer with group commit, readers on connections of their own."""

from kronveil.stores.sqlite.store import SqliteStore, open_sqlite

__all__ = ["SqliteStore", "open_sqlite"]
