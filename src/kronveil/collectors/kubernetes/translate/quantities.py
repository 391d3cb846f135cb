"""Kubernetes' quantities (``500m``, ``1.5Gi``, ``1e3``) as numbers."""

from decimal import ROUND_DOWN, Decimal, InvalidOperation

_TENS = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_FACTORS = {
    **{unit: Decimal(f"1e{power}") for unit, power in _TENS.items()},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate(("K", "M", "G", "T", "P", "E"), 1)},
}


def quantity(text: str | float) -> Decimal | None:
    """The number; None for what is none."""
    written = str(text).strip()
    number = written.rstrip("numkKMGTPEi")
    try:
        value = Decimal(number) * _FACTORS[written[len(number) :]]
    except (InvalidOperation, KeyError):
        return None
    return value if value.is_finite() else None


def share_used(used: str | float, limit: str | float) -> float | None:
    """How much of a limit is used, 0 to 1 and above. Nothing allowed and nothing used is not used up."""
    part, whole = quantity(used), quantity(limit)
    if part is None or whole is None:
        return None
    if whole <= 0:
        return 1.0 if part > 0 else 0.0
    # Downwards: what is nearly used up is not used up.
    return float((part / whole).quantize(Decimal("0.001"), ROUND_DOWN))
