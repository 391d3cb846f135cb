"""What was told already, and texts that are not too long to be told."""

from collections import OrderedDict

MOST_KEPT = 10_000


class Told:
    """The keys of the last notices that went out: one that is sent again goes out once."""

    def __init__(self) -> None:
        self._keys: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def add(self, key: str) -> None:
        """It went out."""
        self._keys[key] = None
        while len(self._keys) > MOST_KEPT:
            self._keys.popitem(last=False)


def shortened(text: str, longest: int) -> str:
    """At most so many characters, with a mark where it was cut; without what a terminal would obey."""
    plain = "".join(each if each.isprintable() or each in "\n\t" else "\ufffd" for each in text)
    return plain if len(plain) <= longest else f"{plain[: longest - 1]}\u2026"
