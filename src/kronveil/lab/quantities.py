"""Kubernetes quantities (``250m``, ``512Mi``) as numbers."""

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
