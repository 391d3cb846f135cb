"""Incidents as JSON, encoded once for each version: lists are asked for more often than incidents change."""

from collections import OrderedDict
from collections.abc import Iterable

import msgspec

from kronveil.api import encode
from kronveil.model.incident import Incident

MOST_KEPT = 1000


class IncidentTexts:
    """One for each agent: ``version`` grows with each change of an incident, but only within one agent's memory."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int], msgspec.Raw] = OrderedDict()

    def of(self, incidents: Iterable[Incident]) -> list[msgspec.Raw]:
        """The JSON of each, as lists and the stream show it."""
        return [self._of(incident) for incident in incidents]

    def _of(self, incident: Incident) -> msgspec.Raw:
        place = (incident.id, incident.version)
        text = self._kept.get(place)
        if text is None:
            text = self._kept[place] = msgspec.Raw(encode.encode_item(incident))
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(place)
        return text
