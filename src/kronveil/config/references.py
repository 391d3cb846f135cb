"""``${env:NAME}`` and ``${file:PATH}`` inside a text, and ``$${`` for a literal ``${``."""

import re
from collections.abc import Mapping
from pathlib import Path

from kronveil.config.places import expand

_REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
MAX_FILE_BYTES = 1024 * 1024


class BadReferenceError(ValueError):
    """A reference that leads nowhere. ``message`` names the reference, never what it resolves to."""

    def __init__(self, message: str, suggestion: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.suggestion = suggestion


def has_reference(text: str) -> bool:
    """Whether ``text`` means something other than its own letters."""
    return _REFERENCE.search(text) is not None


def resolve(text: str, environ: Mapping[str, str], folder: Path) -> str:
    """Put in what each reference stands for; relative files start at ``folder``. Raises BadReferenceError."""

    def replace(match: re.Match[str]) -> str:
        if match.group(1) is None:
            return "${"
        if not match.group(2):
            raise BadReferenceError("a reference is not closed.", "Write ${env:NAME}, or $${ for the letters ${.")
        return _look_up(match.group(1), environ, folder)

    return _REFERENCE.sub(replace, text)


def _look_up(inside: str, environ: Mapping[str, str], folder: Path) -> str:
    scheme, colon, name = inside.partition(":")
    if not colon and _NAME.fullmatch(inside) and inside.isupper():  # ${NAME}, as shells and other tools write it
        scheme, name = "env", inside
    if scheme == "env":
        return _from_environment(name, environ)
    if scheme == "file":
        return _from_file(name, environ, folder)
    if scheme == "vault":
        raise BadReferenceError("references to Vault are not in this version yet.", "Use ${env:NAME} or ${file:PATH}.")
    raise BadReferenceError(
        "a reference of a kind that does not exist.", "Write ${env:NAME} or ${file:PATH}, or $${ for the letters ${."
    )


def _from_environment(name: str, environ: Mapping[str, str]) -> str:
    if not _NAME.fullmatch(name):
        raise BadReferenceError("a reference to the environment without a proper name.", "Write ${env:NAME}.")
    if name not in environ:
        raise BadReferenceError(f"the environment variable {name} is not set.", f"Set it: export {name}=...")
    return environ[name]


def _from_file(name: str, environ: Mapping[str, str], folder: Path) -> str:
    if not name or not name.isprintable():
        raise BadReferenceError("a reference to a file without its path.", "Write ${file:/path/to/it}.")
    path = expand(name, folder, environ)
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise BadReferenceError(f"the file {name} cannot be read: {error.strerror or 'no reason given'}.") from error
    if len(raw) > MAX_FILE_BYTES:
        raise BadReferenceError(f"the file {name} is larger than 1 MiB.")
    try:
        return raw.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise BadReferenceError(f"the file {name} is not UTF-8 text.") from error
