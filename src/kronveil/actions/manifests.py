"""Setting fields of a manifest in a file as people wrote it: comments, order and everything else stay as they are."""

import json
import re
from collections.abc import Mapping
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from kronveil.actions.sections import is_list, is_object, section
from kronveil.model.execution import FieldDiff
from kronveil.model.resource import Resource
from kronveil.sdk.errors import Permanent

_PART = re.compile(r"\[([^\]]+)\]|([^.\[\]]+)")
LONGEST = 512 * 1024


def with_fields(text: str, fields: Mapping[str, Any], about: Resource) -> tuple[str, list[FieldDiff]]:
    """The text with these fields set, and what that changes. Raises Permanent for a file or path that does not fit.

    Of a file with several documents, the one is meant that is about ``about``.
    """
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 10_000
    yaml.explicit_start = text.startswith("---")
    try:
        documents = list(yaml.load_all(text))
    except (YAMLError, ValueError, RecursionError) as error:
        raise Permanent(f"the file is no YAML that could be changed: {type(error).__name__}") from None
    document = _meant(documents, about)
    diffs: list[FieldDiff] = []
    for path, value in fields.items():
        before = _set(document, path, value)
        if before != value:
            diffs.append(FieldDiff(path, None if before is None else _text(before), _text(value)))
    if not diffs:
        raise Permanent("the file says so already: what runs differs from it, or was not rolled out")
    written = StringIO()
    _keep_indentation(yaml, text)
    yaml.dump_all(documents, written)
    return written.getvalue(), sorted(diffs, key=lambda diff: diff.path)


def _meant(documents: list[Any], about: Resource) -> Any:
    found = [each for each in documents if is_object(each)]
    if len(found) == 1:
        return found[0]
    named = [
        each for each in found if each.get("kind") == about.kind and section(each, "metadata").get("name") == about.name
    ]
    if len(named) != 1:
        raise Permanent(f"the file has {len(found)} documents, {len(named)} of them about {about.kind} {about.name}")
    return named[0]


def _set(document: Any, path: str, value: Any) -> Any:
    """Set a field and give what it was, None where it was absent."""
    parts = [keyed or plain for keyed, plain in _PART.findall(path)]
    place = document
    for part in parts[:-1]:
        place = _step(place, part, path)
    last = parts[-1] if parts else ""
    if not is_object(place) or not last:
        raise Permanent(f"{path} is no field of the file")
    before = place.get(last)
    if is_object(before) or is_list(before):
        raise Permanent(f"{path} holds more than one value: name the one to set")
    place[last] = value
    return before


def _step(place: Any, part: str, path: str) -> Any:
    found = None
    if is_object(place):
        found = place.get(part)
    elif is_list(place):
        found = next((item for item in place if is_object(item) and str(item.get("name")) == part), None)
    if found is None:
        raise Permanent(f"{path} is not in the file: {part} is missing")
    return found


def _keep_indentation(yaml: YAML, text: str) -> None:
    """Write lists as far to the right as most of the file has them."""
    if re.search(r"^( *)[^\s#-][^\n]*:\s*\n\1  - ", text, re.MULTILINE):
        yaml.indent(mapping=2, sequence=4, offset=2)


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
