"""Kubernetes quantities of memory, exactly: ``512Mi`` to bytes and back."""

import re
from decimal import Decimal

_FACTORS: dict[str, Decimal] = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    "k": Decimal(10**3),
    **{f"{letter}": Decimal(1000) ** power for power, letter in enumerate("MGTPE", 2)},
    **{f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", 1)},
}
_SHAPE = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(?:[eE]([+-]?\d+)|([kMGTPE]i?|Ki|m)?)\Z")
MIB = 2**20


def to_bytes(quantity: str) -> int:
    """Bytes, rounded up. Raises ValueError for what is no quantity."""
    found = _SHAPE.match(quantity.strip())
    if found is None:
        raise ValueError(f'"{quantity}" is no quantity of memory; write 512Mi or 2Gi')
    number, exponent, suffix = found.groups()
    exact = Decimal(number) * (Decimal(10) ** int(exponent) if exponent else _FACTORS[suffix or ""])
    return int(exact.to_integral_value(rounding="ROUND_CEILING"))


def from_bytes(number: int) -> str:
    """The shortest exact way to write it in binary units; at least whole mebibytes, rounded up."""
    mebibytes = -(-number // MIB)
    return f"{mebibytes // 1024}Gi" if mebibytes % 1024 == 0 else f"{mebibytes}Mi"
