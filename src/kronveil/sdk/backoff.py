"""How long to wait before the next try: 1 s, doubled up to 30 s, with jitter so that many do not return at once."""

import random

FIRST_S = 1.0
LONGEST_S = 30.0


class Backoff:
    """The waits of one thing that is tried again and again."""

    def __init__(self, first_s: float = FIRST_S, longest_s: float = LONGEST_S) -> None:
        self.first_s = first_s
        self.longest_s = longest_s
        self.tries = 0

    def next_s(self, at_least_s: float = 0.0) -> float:
        """Count a failed try, and say how long to wait: between a half and the whole of its step, and longer than
        ``at_least_s``, by up to a quarter."""
        step = min(self.first_s * 2.0 ** min(self.tries, 16), self.longest_s)
        self.tries += 1
        # Those that were all told the same time do not come all at once again.
        return max(at_least_s + jittered(at_least_s) / 4, jittered(step))

    def reset(self) -> None:
        """It worked."""
        self.tries = 0


def jittered(seconds: float) -> float:
    """Between a half and the whole of ``seconds``."""
    return seconds * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing
