"""The configuration in force as JSON: durations as a file writes them, secrets as their own mask."""

from collections.abc import Mapping
from datetime import timedelta
from typing import cast

from kronveil.agent.desk import Setting
from kronveil.api import shapes


def setting_shape(setting: Setting) -> shapes.Setting:
    """A leaf of the configuration."""
    return shapes.Setting(setting.key, plain(setting.value), plain(setting.default), setting.source)


def plain(value: object) -> object:
    """A configuration value as JSON: durations as the file writes them, a Secret as its own mask."""
    if isinstance(value, timedelta):
        return as_written(value)
    if isinstance(value, (set, frozenset)):
        return sorted(str(plain(each)) for each in cast("set[object]", value))
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in cast("Mapping[object, object]", value).items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in cast("list[object]", value)]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def as_written(span: timedelta) -> str:
    """A duration as a configuration file writes it: 15s, 2m, 1h30m."""
    milliseconds = round(span / timedelta(milliseconds=1))
    if milliseconds % 1000:
        return f"{milliseconds}ms"
    minutes, seconds = divmod(milliseconds // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    parts = (f"{amount}{unit}" for amount, unit in ((hours, "h"), (minutes, "m"), (seconds, "s")) if amount)
    return "".join(parts) or "0s"
