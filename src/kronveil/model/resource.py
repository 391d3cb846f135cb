"""What an observation, an event or an incident is about."""

from dataclasses import dataclass

from kronveil.model.noun import noun


@noun
class Resource:
    """An object of a source, as the source names it. ``uid`` is the source's own identity, empty when it has none."""

    kind: str
    name: str
    namespace: str | None = None
    uid: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an observation came from. Stamped by the agent, never claimed by a plugin.

    ``cluster_uid`` is the identity (the uid of the kube-system namespace); name and region are tags.
    """

    collector: str
    cluster_name: str
    cluster_uid: str = ""
    cluster_region: str | None = None
