"""What a collector reports: before the agent has said where it came from."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from types import MappingProxyType
from typing import TypeAlias

from kronveil.model.facts import Facts, FieldChange
from kronveil.model.noun import noun
from kronveil.model.resource import Resource

Attribute: TypeAlias = str | int | float | bool | None
NO_ATTRIBUTES: Mapping[str, Attribute] = MappingProxyType({})


@noun
class Observation:
    """One change of watched fields of one object, or one event of the source.

    ``kind`` is neutral (``pod.changed``, ``node.changed``, ``workload.changed``, ``kubernetes.warning``,
    ``object.gone``, ``list.completed``, ``cluster.reach``). ``at`` is event time in UTC. ``key`` is the source's own
    identity of this very report (uid@resourceVersion): the same report twice has the same key.
    ``owner`` is the top controller of ``resource``, or None when it is its own owner.
    ``changes`` are fields of the object's specification that differ from what was kept, ``actor`` who changed them
    (the field manager), as far as the source says.
    """

    kind: str
    at: datetime
    resource: Resource
    key: str
    facts: Facts | None = None
    owner: Resource | None = None
    message: str = ""
    attributes: Mapping[str, Attribute] = field(default_factory=lambda: NO_ATTRIBUTES)
    changes: tuple[FieldChange, ...] = ()
    actor: str = ""
