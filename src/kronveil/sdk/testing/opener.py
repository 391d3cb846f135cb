"""Finds a part's ``open`` by name, so that a process of the contract kit can open the same part as the test."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from pathlib import Path
from typing import TypeAlias, cast

from kronveil.sdk.storage import Store

Opener: TypeAlias = Callable[[Path], AbstractAsyncContextManager[Store]]


def opener(name: str) -> Opener:
    """``"package.module:function"`` as the function."""
    module, _, function = name.partition(":")
    return cast("Opener", getattr(import_module(module), function))
