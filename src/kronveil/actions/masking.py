"""Values that look like secrets, kept out of plans, findings and journals."""

import json
import re
from typing import Any

from kronveil.actions.sections import is_list, is_object
from kronveil.model.execution import FieldDiff
from kronveil.sdk.errors import Permanent

MASK = "********"
_NAME = r"pass(?:word|wd|phrase)?|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|credentials?|authorization"
_NAMED = re.compile(rf"(?:{_NAME})(?:\]\.value)?$", re.IGNORECASE)
_ASSIGNED = re.compile(rf"(?i)\b([\w.-]*(?:{_NAME})[\w.-]*[\"']?\s*[:=]\s*)([\"']?)([^\s\"',;&}}]+)")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[a-z0-9._~+/=-]{8,}")
_IN_URL = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://[^\s:/@]*):[^\s@/]+@")
_TOKEN = re.compile(r"\b(?:eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|gh[pousr]_\w{20,}|AKIA[A-Z0-9]{16}|xox[abprs]-[\w-]{10,})")
_PEM = re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?(?:-----END \1-----|\Z)", re.DOTALL)


def masked(diff: FieldDiff) -> FieldDiff:
    """A field as it may be shown: what its name or its look says to be a secret is masked."""
    return FieldDiff(diff.path, masked_value(diff.path, diff.before), masked_value(diff.path, diff.after))


def masked_value(path: str, text: str | None) -> str | None:
    """The JSON text of one field's value, masked the same way."""
    if text is None or text[:1] not in '"{[':
        return text
    value = json.loads(text)
    if isinstance(value, str):
        return json.dumps(MASK) if _NAMED.search(path) else text
    return json.dumps(masked_json(value), sort_keys=True, ensure_ascii=False)


def masked_text(text: str) -> str:
    """Text of a watched system with what looks like a secret masked."""
    text = _PEM.sub(MASK, text)
    text = _BEARER.sub(rf"\1 {MASK}", text)
    text = _IN_URL.sub(rf"\1:{MASK}@", text)
    text = _TOKEN.sub(MASK, text)
    return _ASSIGNED.sub(rf"\1\2{MASK}", text)


def refuse_secrets(value: Any, name: str, instead: str) -> None:
    """Raise Permanent for what looks like a secret in what a runbook wrote: plans are kept and shown."""
    if masked_json(value) != value:
        raise Permanent(f"{name} holds what looks like a secret, and plans are kept and shown: {instead}")


def masked_json(value: Any, name: str = "") -> Any:
    """A JSON value with the same masked, by name and by look; an ``env`` entry by its own name."""
    if is_object(value):
        own = str(value.get("name", "")) if "value" in value else ""
        return {
            key: MASK if key == "value" and own and _looks_secret(own) else masked_json(item, str(key))
            for key, item in value.items()
        }
    if is_list(value):
        return [masked_json(item) for item in value]
    if isinstance(value, str):
        return MASK if name and _looks_secret(name) else masked_text(value)
    return value


def _looks_secret(name: str) -> bool:
    # Names of secrets are no secrets.
    return bool(re.search(rf"(?i)(?:{_NAME})$", name)) and name not in ("secretName", "imagePullSecrets")
