"""The errors of Kronveil. Two of them cross a plugin's boundary: try again, or do not."""

from datetime import timedelta


class KronveilError(Exception):
    """Anything that Kronveil itself raises on purpose. Its text is written for the person who reads it."""


class ConfigError(KronveilError):
    """The operator must edit something; the text names where, what, and what would be right."""


class PluginError(KronveilError):
    """Something outside did not work."""


class Transient(PluginError):  # noqa: N818 - the house's word, read as "this is transient"
    """Try again; after ``retry_after`` when the source said so."""

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Permanent(PluginError):  # noqa: N818 - the house's word, read as "this is permanent"
    """Trying again cannot help; the text says what would."""
