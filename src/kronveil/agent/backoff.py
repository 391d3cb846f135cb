"""A growing, jittered wait between tries."""

import random


class Backoff:
    """1 s, 2 s, 4 s ... up to 30 s, each shortened by chance by up to half, so that many do not return at once."""

    def __init__(self, first_s: float = 1, most_s: float = 30) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._step_s = first_s

    def next_s(self) -> float:
        """The next wait, in seconds."""
        step, self._step_s = self._step_s, min(self._step_s * 2, self._most_s)
        return step * random.uniform(0.5, 1)  # noqa: S311 - spreads load, guards nothing

    def reset(self) -> None:
        """Begin again with the shortest wait."""
        self._step_s = self._first_s
