"""From a file to YAML nodes, with every way this can fail said in our own words; `document` reads the nodes."""

import re
import warnings
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import Node
from ruamel.yaml.reader import ReaderError

MAX_BYTES = 4 * 1024 * 1024


class UnreadableError(Exception):
    """The text cannot be read at all. ``line`` and ``column`` count from 1, where they are known."""

    def __init__(
        self, message: str, suggestion: str | None = None, *, line: int | None = None, column: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.suggestion = suggestion
        self.line = line
        self.column = column


def read_text(path: Path) -> str:
    """Read a file of text. Raises UnreadableError."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise UnreadableError("no such file.", "Write one with: kronveil init") from error
    except IsADirectoryError as error:
        raise UnreadableError("is a folder, not a file.") from error
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror or type(error).__name__}.") from error
    if len(raw) > MAX_BYTES:
        raise UnreadableError(f"larger than {MAX_BYTES // 1024 // 1024} MiB; that is not a configuration.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UnreadableError("not UTF-8 text.", "Save the file as UTF-8.", line=line) from error


def compose(text: str) -> Node | None:
    """Parse YAML into its nodes, each with its place; None for an empty text. Raises UnreadableError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an anchor used again is legal; ruamel's warning quotes the file
            node: Node | None = YAML(typ="rt", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        message, suggestion = _explain(error)
        raise UnreadableError(f"not YAML: {message}.", suggestion, line=line, column=column) from None
    except ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise UnreadableError("not YAML: a control character.", "Remove it.", line=line, column=column) from None
    except RecursionError:
        raise UnreadableError("not YAML: nested too deeply.", line=1, column=1) from None
    except (YAMLError, ValueError, NotImplementedError):
        raise UnreadableError("not YAML: it cannot be read.", line=1, column=1) from None
    return node


_SYNTAX = (
    ("undefined alias", "an alias (*) without its anchor (&)", "Put a text that starts with * in quotes."),
    ("'\\t'", "a tab where spaces are expected", "Indent with spaces."),
    ("cannot start any token", "a character that cannot start a value", "Put the value in quotes."),
    ("mapping values are not allowed", "a colon where none can be", "Put a text that holds a colon in quotes."),
    ("unknown escape character", "an unknown escape after a backslash", "Use single quotes, or two backslashes."),
    ("another document", "a second document (---) in the file", "Keep one document."),
    ("unexpected end of stream", "the text ends inside quotes", "Close the quotes."),
    ("<stream end>", "the text ends inside brackets", "Close the brackets."),
    ("could not find expected ':'", "a line without its colon", "Write key: value."),
    ("<block end>", "a line indented differently from its neighbours", None),
    ("tag handle", "an unknown tag (!)", "Put a text that starts with ! in quotes."),
)


def _explain(error: MarkedYAMLError) -> tuple[str, str | None]:
    """Say it in our words: ruamel's may quote the file, and a secret with it."""
    said = f"{error.context or ''} {error.problem or ''}"
    for needle, message, suggestion in _SYNTAX:
        if needle in said:
            return message, suggestion
    return re.sub(r"'[^'<]{2,}'|\"[^\"]*\"", "...", error.problem or "it cannot be read"), None
