"""Incidents as JSON, encoded once for each version: lists are asked for more often than incidents change."""

from collections import OrderedDict
from collections.abc import Iterable

import msgspec

from kronveil.api import encode
from kronveil.model.incident import Incident

MOST_KEPT = 2000
MOST_BYTES = 16 * 1024 * 1024


class IncidentTexts:
    """One for each agent: ``version`` grows with each change of an incident, but only within one agent's memory.

    The newest version of each is kept, of those asked for lately; bounded in number and in bytes.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[int, bytes]] = OrderedDict()
        self._bytes = 0

    def of(self, incidents: Iterable[Incident]) -> list[msgspec.Raw]:
        """The JSON of each, as lists and the stream show it."""
        return [msgspec.Raw(self._of(incident)) for incident in incidents]

    def _of(self, incident: Incident) -> bytes:
        known = self._kept.get(incident.id)
        if known is not None and known[0] == incident.version:
            self._kept.move_to_end(incident.id)
            return known[1]
        text = encode.encode_item(incident)
        # A page that was read before may show an older one: it is not kept instead of the newer.
        if known is None or known[0] < incident.version:
            self._keep(incident, text)
        return text

    def _keep(self, incident: Incident, text: bytes) -> None:
        known = self._kept.pop(incident.id, None)
        self._bytes += len(text) - (len(known[1]) if known is not None else 0)
        self._kept[incident.id] = (incident.version, text)
        while len(self._kept) > MOST_KEPT or (self._bytes > MOST_BYTES and len(self._kept) > 1):
            _, (_, oldest) = self._kept.popitem(last=False)
            self._bytes -= len(oldest)
