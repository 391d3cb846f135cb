"""Lines through measured points: how something grows."""

from collections.abc import Sequence
from math import log
from statistics import linear_regression


def slope(sizes: Sequence[float], values: Sequence[float]) -> float:
    """How much the value grows for one more."""
    return linear_regression(sizes, values).slope


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """0: the cost does not grow; 1: in proportion; 2: with the square."""
    return slope([log(size) for size in sizes], [log(cost) for cost in costs])
