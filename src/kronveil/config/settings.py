"""The effective configuration, leaf by leaf, with the source of each value: for `check --json` and the API."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from kronveil.agent.desk import Setting
from kronveil.config.document import is_converted_list
from kronveil.config.durations import Rate, format_duration
from kronveil.config.loading import Config
from kronveil.config.sections import Sections
from kronveil.config.shape import Shape, shape_of
from kronveil.sdk.secret import Secret


def effective(config: Config) -> list[Setting]:
    """Every leaf in the order of the sections. A secret shows as ``"set"`` or None, a reference as it was written."""
    return list(_leaves(config, shape_of(Sections), config, "", None))


def plain(value: object) -> Any:
    """Write a value as JSON has it and as the file would: ``15s``, ``3/1h``, paths as text, secrets masked."""
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, Secret):
        return "set"
    if isinstance(value, (Rate, Path)):
        return str(value)
    if is_converted_list(value):
        return [plain(one) for one in value]
    return value


def _leaves(config: Config, shape: Shape, value: Any, key: str, default: object) -> Iterator[Setting]:
    if shape.kind == "section" and value is not None:
        for name, member in shape.fields.items():
            inner_default = None if member.is_required else member.default
            yield from _leaves(config, member.shape, getattr(value, name), f"{key}.{name}".lstrip("."), inner_default)
    elif shape.kind == "list" and shape.item and shape.item.kind == "section" and value:
        for index, item in enumerate(value):
            yield from _leaves(config, shape.item, item, f"{key}[{index}]", None)
    else:
        origin = config.origins.get(key)
        yield Setting(key, shown(config, key, value), plain(default), origin.source if origin else "default")


def shown(config: Config, key: str, value: object) -> Any:
    """Give the value of ``key`` as JSON; never what a reference stands for, since that may well be a secret."""
    if is_converted_list(value):
        return [shown(config, f"{key}[{index}]", one) for index, one in enumerate(value)]
    origin = config.origins.get(key)
    if origin and origin.reference is not None and not isinstance(value, Secret):
        return origin.reference
    return plain(value)
