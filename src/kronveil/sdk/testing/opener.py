"""Finds a part's ``open`` by name, so that a process of the contract kit can open the same part as the test."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

from kronveil.sdk.storage import Store

Opener: TypeAlias = Callable[[Path], AbstractAsyncContextManager[Store]]


def opener(name: str) -> Callable[[Path], AbstractAsyncContextManager[Any]]:
    """``"package.module:function"`` as the function."""
    module, _, function = name.partition(":")
    found: Callable[[Path], AbstractAsyncContextManager[Any]] = getattr(import_module(module), function)
    return found


class OpenedStore:
    """What all promises of a store begin with: ``opener`` names the function that opens one on a folder."""

    opener: str

    @property
    def _open(self) -> Opener:
        return opener(self.opener)
