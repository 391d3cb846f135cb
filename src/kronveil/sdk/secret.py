"""A text that must never be shown: it masks itself wherever it could be printed."""

import hmac


class Secret:
    """Wraps a secret text. ``repr``, ``str`` and formatting give a mask; only ``reveal`` gives the text.

    Two secrets compare equal in constant time. It cannot be pickled or copied into JSON by accident.
    """

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        self.__text = text

    def reveal(self) -> str:
        """Give the text itself. Call it only where the secret is handed to the one who asks for it."""
        return self.__text

    def __repr__(self) -> str:
        return "Secret('********')"

    def __str__(self) -> str:
        return "********"

    def __bool__(self) -> bool:
        return bool(self.__text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.__text.encode(), other.__text.encode())

    def __hash__(self) -> int:
        return hash((Secret, self.__text))

    def __reduce__(self) -> str:
        raise TypeError("a Secret is not pickled: it would leave the process unmasked")
