"""Moves that are about a cluster's API server and not about its world."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from kronveil.lab.lab import LabCluster


@runtime_checkable
class ServerMove(Protocol):
    """One thing that happens to a cluster's server."""

    async def act(self, cluster: "LabCluster") -> None:
        """Let it happen."""


@dataclass(frozen=True, slots=True)
class StopServer:
    """Connections are refused, and those there are cut."""

    async def act(self, cluster: "LabCluster") -> None:
        """Stop it."""
        await cluster.stop_server()


@dataclass(frozen=True, slots=True)
class StartServer:
    """The server is back on its port."""

    async def act(self, cluster: "LabCluster") -> None:
        """Start it."""
        await cluster.start_server()


@dataclass(frozen=True, slots=True)
class Hang:
    """The server accepts connections and answers nothing."""

    async def act(self, cluster: "LabCluster") -> None:
        """Hang."""
        cluster.hang()


@dataclass(frozen=True, slots=True)
class Unhang:
    """The server answers again."""

    async def act(self, cluster: "LabCluster") -> None:
        """Unhang."""
        cluster.unhang()


@dataclass(frozen=True, slots=True)
class DropWatches:
    """Every open watch is reset."""

    async def act(self, cluster: "LabCluster") -> None:
        """Drop them."""
        cluster.drop_watches()


@dataclass(frozen=True, slots=True)
class Compact:
    """Old versions are forgotten, and every open watch is reset: all have to list again."""

    async def act(self, cluster: "LabCluster") -> None:
        """Compact, then drop."""
        cluster.compact()
        cluster.drop_watches()


@dataclass(frozen=True, slots=True)
class Forbid:
    """A kind (``events``) may no longer be read."""

    plural: str

    async def act(self, cluster: "LabCluster") -> None:
        """Forbid it."""
        cluster.forbid(self.plural)


@dataclass(frozen=True, slots=True)
class Allow:
    """A forbidden kind may be read again."""

    plural: str

    async def act(self, cluster: "LabCluster") -> None:
        """Allow it."""
        cluster.allow(self.plural)
