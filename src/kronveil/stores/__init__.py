"""Durable memory behind ``kronveil.sdk.storage.Store``."""

BUILT_IN: tuple[str, ...] = ("sqlite",)
