"""Kubernetes quantities, exactly: ``512Mi`` to bytes and back, ``250m`` to a quarter."""

import re
from decimal import Decimal

_FACTORS: dict[str, Decimal] = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    "k": Decimal(10**3),
    **{f"{letter}": Decimal(1000) ** power for power, letter in enumerate("MGTPE", 2)},
    **{f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", 1)},
}
_SHAPE = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(?:[eE]([+-]?\d{1,2})|([kMGTPE]i?|Ki|m)?)\Z")
MIB = 2**20


def to_bytes(quantity: str) -> int:
    """Bytes, rounded up. Raises ValueError for what is no quantity."""
    return int(to_number(quantity).to_integral_value(rounding="ROUND_CEILING"))


def to_number(quantity: str) -> Decimal:
    """What a quantity stands for: ``250m`` is 0.25. Raises ValueError for what is none."""
    found = _SHAPE.match(quantity.strip())
    if found is None:
        raise ValueError(f'"{quantity}" is no quantity; write 512Mi or 2Gi')
    number, exponent, suffix = found.groups()
    return Decimal(number) * (Decimal(10) ** int(exponent) if exponent else _FACTORS[suffix or ""])


def from_bytes(number: int) -> str:
    """The shortest exact way to write it in binary units; at least whole mebibytes, rounded up."""
    mebibytes = -(-number // MIB)
    return f"{mebibytes // 1024}Gi" if mebibytes % 1024 == 0 else f"{mebibytes}Mi"
