"""Kubernetes quantities (``250m``, ``512Mi``) as numbers."""

import math

_SUFFIXES = {
    "Ki": 1024,
    "Mi": 1024**2,
    "Gi": 1024**3,
    "Ti": 1024**4,
    "k": 1000,
    "M": 1000**2,
    "G": 1000**3,
    "T": 1000**4,
}


def parse_quantity(text: object) -> float:
    """The number a quantity stands for: cores for cpu, bytes for memory. Raises ValueError."""
    word = str(text).strip()
    if word.endswith("m"):
        return float(word[:-1]) / 1000
    for suffix, factor in _SUFFIXES.items():
        if word.endswith(suffix):
            return float(word[: -len(suffix)]) * factor
    return float(word)


def mebibytes(text: object) -> float:
    """A memory quantity in MiB."""
    return parse_quantity(text) / 1024**2


def share(value: object, whole: int, *, up: bool) -> int:
    """What an IntOrString stands for: a number, or a percentage of a whole."""
    text = str(value)
    if not text.endswith("%"):
        return int(text)
    exact = whole * int(text[:-1]) / 100
    return math.ceil(exact) if up else math.floor(exact)
