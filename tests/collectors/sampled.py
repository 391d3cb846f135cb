"""Samples as the wire has them, and one moment to translate them at."""

import json
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kronveil.collectors.kubernetes.kinds import KINDS, Kind
from kronveil.collectors.kubernetes.translate.kept import Kept, Moment, Shelves
from kronveil.model.observation import Observation

SAMPLES = Path(__file__).parent / "samples"
STARTED = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)
NOW = datetime(2026, 11, 25, 1, 10, tzinfo=UTC)
FIRST = Moment(NOW, STARTED, is_first_list=True)
LATER = Moment(NOW, STARTED)


def sample(kind: str, name: str) -> dict[str, Any]:
    """A fresh copy of a sample, to be changed at will."""
    return deepcopy(json.loads((SAMPLES / f"{kind}.json").read_text())[name])


def kind_named(name: str) -> Kind:
    return next(kind for kind in KINDS if kind.name == name)


def translate(
    kind: str, item: dict[str, Any], before: Kept | None = None, *, shelves: Shelves | None = None, at: Moment = LATER
) -> tuple[Kept, Observation | None]:
    """Decode and translate one object."""
    one = kind_named(kind)
    return one.translate(one.decode_object(json.dumps(item).encode()), before, shelves or Shelves(), at)


def told(kind: str, item: dict[str, Any], **rest: Any) -> Observation:
    """What is reported about it; something must be."""
    observation = translate(kind, item, **rest)[1]
    assert observation is not None
    return observation
