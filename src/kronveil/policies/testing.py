"""Tries policies: cases written as YAML, and rules whose names begin with ``test_``."""

import re
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard, cast

from kronveil.policies.rego import RegoEngine, open_rego
from kronveil.policies.texts import HERE, bundled, chosen, in_directory, packages
from kronveil.sdk.errors import ConfigError, PluginError
from kronveil.sdk.policy import POLICY, Module

_TEST_RULE = re.compile(r"^(test_\w+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Tried:
    """One test: where it is written, its name, and why it failed; empty when it did not."""

    where: str
    name: str
    problem: str = ""


async def tried(directory: Path | None) -> list[Tried]:
    """Every test of a directory, or of the bundled rules. Raises ConfigError for what is not Rego or not YAML."""
    if directory is None:
        modules, files = bundled(), sorted(HERE.glob("*.cases.yaml"))
    else:
        left = [module for module in chosen(directory) if module.source == "bundled"]
        modules = [*in_directory(directory, tests=True), *left]
        files = _case_files(directory)
    async with open_rego(modules) as engine:
        return [
            *[each async for each in _rules(engine, modules)],
            *[each for path in files for each in await _cases(engine, path)],
        ]


def _case_files(directory: Path) -> list[Path]:
    return sorted([*directory.rglob("*.yaml"), *directory.rglob("*.yml")])


async def _rules(engine: RegoEngine, modules: Sequence[Module]) -> AsyncGenerator[Tried]:
    for package in packages(modules):
        for module in (each for each in modules if each.package == package):
            for name in dict.fromkeys(_TEST_RULE.findall(module.text)):
                try:
                    answer = await engine.ask(f"data.{package}.{name}", {})
                except PluginError as error:
                    yield Tried(module.name, name, str(error))
                else:
                    yield Tried(module.name, name, "" if answer is True else "it is not true")


async def _cases(engine: RegoEngine, path: Path) -> list[Tried]:
    written = _written(path)
    found: list[Tried] = []
    for number, case in enumerate(_mappings(written.get("cases"))):
        name = str(case.get("name", f"case {number + 1}"))
        try:
            said = await engine.evaluate(str(written.get("package", POLICY)), _input(written, case, path))
        except PluginError as error:
            found.append(Tried(path.name, name, str(error)))
        else:
            found.append(Tried(path.name, name, _misfit(case, said)))
    return found


def _written(path: Path) -> Mapping[str, object]:
    from ruamel.yaml import YAML  # noqa: PLC0415 - only who tests policies needs it
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415

    try:
        read: object = YAML(typ="safe", pure=True).load(path)
    except (OSError, UnicodeError, YAMLError) as error:
        raise ConfigError(f"{path} is not YAML: {error}") from None
    if not _is_mapping(read) or not isinstance(read.get("cases"), list):
        raise ConfigError(f"{path}: write cases: a list, each with name, input (or set, over a base) and allow")
    return read


def _input(written: Mapping[str, object], case: Mapping[str, object], path: Path) -> Mapping[str, object]:
    """The case's own, or the file's ``base`` with what the case sets, by dotted path."""
    if _is_mapping(own := case.get("input")):
        return own
    base = deepcopy(written.get("base", {}))
    changes = case.get("set", {})
    if not _is_mapping(base) or not _is_mapping(changes):
        raise ConfigError(f"{path}: base and set are mappings")
    whole = dict(base)
    for where, value in changes.items():
        *parents, last = where.split(".")
        place: object = whole
        for parent in parents:
            place = place.get(parent) if _is_mutable(place) else None
        if not _is_mutable(place):
            raise ConfigError(f"{path}: the base has no {'.'.join(parents)}, which a case sets {last} of")
        place[last] = value
    return whole


def _misfit(case: Mapping[str, object], said: Mapping[str, object]) -> str:
    """Why an answer is not what the case wants; its ``rules`` must be among those that decided."""
    wanted, is_allowed = case.get("allow") is True, said.get("allow") is True
    rules = sorted(_rule(each) for each in _items(said.get("permit" if is_allowed else "deny")))
    because = f" ({', '.join(rules)})" if rules else ""
    if wanted != is_allowed:
        return f"it is {'allowed' if is_allowed else 'denied'}{because}"
    missing = [str(rule) for rule in _items(case.get("rules")) if rule not in rules]
    return f"{', '.join(missing)}: not among the rules that decided{because}" if missing else ""


def _rule(reason: object) -> str:
    return str(reason.get("rule", "")) if _is_mapping(reason) else str(reason)


def _items(given: object) -> Sequence[object]:
    return cast("list[object]", given) if isinstance(given, list) else ()


def _mappings(given: object) -> Iterator[Mapping[str, object]]:
    return (each for each in _items(given) if _is_mapping(each))


def _is_mutable(given: object) -> TypeGuard[dict[str, object]]:
    return isinstance(given, dict)


def _is_mapping(given: object) -> TypeGuard[Mapping[str, object]]:
    return isinstance(given, Mapping)
