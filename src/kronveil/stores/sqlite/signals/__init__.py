"""Measured values in a file of their own, ``signals.db``: what is lost with it costs no incident."""

from kronveil.stores.sqlite.signals.opening import FILE_NAME
from kronveil.stores.sqlite.signals.store import SqliteSignals, open_signals

__all__ = ["FILE_NAME", "SqliteSignals", "open_signals"]
