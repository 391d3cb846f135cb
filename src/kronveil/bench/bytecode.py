"""The environment of the processes that are measured: modules are compiled once, as after the first start anywhere."""

import os
import tempfile
from collections.abc import Mapping
from functools import cache

_KEPT: list[tempfile.TemporaryDirectory[str]] = []


@cache
def environment() -> Mapping[str, str]:
    """Ours, but what is compiled is kept, in a folder that lasts as long as this process."""
    _KEPT.append(tempfile.TemporaryDirectory(prefix="kronveil-bench-"))
    others = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**others, "PYTHONPYCACHEPREFIX": _KEPT[0].name}
