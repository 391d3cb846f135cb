"""Finds the modules: the bundled ones beside this file, and the operator's in a directory, which may replace them."""

import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

from kronveil.sdk.errors import ConfigError
from kronveil.sdk.policy import Module

HERE = Path(__file__).parent
_PACKAGE = re.compile(r"^\s*package\s+([A-Za-z_][A-Za-z0-9_.]*)\s*$", re.MULTILINE)
_STRING = re.compile(r'"(?:\\.|[^"\\\n])*"|`[^`]*`|#[^\n]*')
# The interpreter crashes over it, or is wrong: a rule that has it must not decide anything.
_WITH = re.compile(r"\bwith\s+(?:input|data)\b")
_TEST = "_test.rego"


def bundled() -> list[Module]:
    """What the agent brings along."""
    return [_module(path, "bundled") for path in sorted(HERE.glob("*.rego"))]


def chosen(directory: Path | None) -> list[Module]:
    """The operator's modules, and of the bundled ones those whose package the operator has not written anew.

    Raises ConfigError for a directory that is not there, has no policy, or has one without a package.
    """
    if directory is None:
        return bundled()
    own = in_directory(directory)
    taken = {module.package for module in own}
    return [*own, *(module for module in bundled() if module.package not in taken)]


def in_directory(directory: Path, *, tests: bool = False) -> list[Module]:
    """Every ``*.rego`` under it, with or without those of tests. Raises ConfigError."""
    if not directory.is_dir():
        raise ConfigError(f"policy.directory: {directory} is no directory. Make it, or leave the key out.")
    paths = sorted(path for path in directory.rglob("*.rego") if tests or not path.name.endswith(_TEST))
    if not paths:
        raise ConfigError(f"policy.directory: there is no *.rego in {directory}. Put one there, or leave the key out.")
    return [_module(path, str(path)) for path in paths]


def digest_of(modules: Iterable[Module]) -> str:
    """Names the wording of them all."""
    return sha256("\x1f".join(f"{each.name}\x1e{each.text}" for each in modules).encode()).hexdigest()[:16]


def _module(path: Path, source: str) -> Module:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    named = _PACKAGE.search(text)
    if named is None:
        raise ConfigError(f"{path}:1:1: it names no package. Begin with: package kronveil.policy")
    with_ = _WITH.search(_STRING.sub(_blank, text))
    if with_ is not None:
        line = text.count("\n", 0, with_.start()) + 1
        raise ConfigError(f"{path}:{line}: `with` cannot be evaluated here. To try rules, write cases: *.cases.yaml")
    return Module(path.name, named.group(1), source, text)


def _blank(found: re.Match[str]) -> str:
    """Strings and comments without what is in them, as long as they were."""
    return re.sub(r"[^\n]", " ", found.group())


def packages(modules: Sequence[Module]) -> list[str]:
    """Their packages, each once."""
    return list(dict.fromkeys(module.package for module in modules))
