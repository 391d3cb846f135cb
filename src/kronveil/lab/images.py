"""What the lab's image registry holds, and how a container of an image behaves. Causes live here; symptoms follow."""

from dataclasses import dataclass, field

from kronveil.lab.quantities import mebibytes

UNLIMITED = float("inf")


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a container does once it runs. The default starts, gets ready and stays so."""

    memory_mi: float = 48
    """What it uses in the end, reached evenly over ``grows_for_s``. Above its limit, it is killed on the way."""
    grows_for_s: float = 20
    crashes_after_s: float | None = None
    exit_code: int = 1
    ready_after_s: float = 2
    never_ready: bool = False

    def killed_after_s(self, limit: object | None) -> float | None:
        """Seconds from start until the memory limit is reached; None if it never is."""
        limit_mi = UNLIMITED if limit is None else mebibytes(limit)
        if self.memory_mi <= limit_mi:
            return None
        return self.grows_for_s * limit_mi / self.memory_mi


WELL_BEHAVED = Behaviour()


def split_image(image: str) -> tuple[str, str]:
    """Repository and tag; the tag is ``latest`` when none is named."""
    repository, colon, tag = image.rpartition(":")
    if not colon or "/" in tag:
        return image, "latest"
    return repository, tag


@dataclass(slots=True)
class Registry:
    """Images that can be pulled. A tag of a known repository must be declared; unknown repositories are elsewhere."""

    behaviours: dict[str, Behaviour] = field(default_factory=dict[str, Behaviour])
    missing: set[str] = field(default_factory=set[str])
    _repositories: set[str] = field(default_factory=set[str])

    def declare(self, image: str, behaviour: Behaviour | None = None) -> None:
        """Make an image pullable; a behaviour replaces the one it had."""
        self._repositories.add(split_image(image)[0])
        self.missing.discard(image)
        if behaviour is not None or image not in self.behaviours:
            self.behaviours[image] = behaviour or WELL_BEHAVED

    def withdraw(self, image: str) -> None:
        """Take an image out of the registry: containers that run keep running, new pulls fail."""
        self.missing.add(image)

    def holds(self, image: str) -> bool:
        """Whether a pull of this image succeeds."""
        if image in self.missing:
            return False
        return image in self.behaviours or split_image(image)[0] not in self._repositories

    def behaviour(self, image: str) -> Behaviour:
        """How a container of this image behaves."""
        return self.behaviours.get(image, WELL_BEHAVED)
