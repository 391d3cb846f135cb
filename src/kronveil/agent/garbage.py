"""How the collector of cyclic garbage is set while the agent runs; the benchmark measures with the same."""

import gc

_NEW_OBJECTS_PER_LOOK = 50_000
_LOOKS_PER_WIDER_LOOK = 20


def calm_the_collector() -> None:
    """What lives as long as the agent is not looked at again by each collection; bursts of events are not either."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS_PER_LOOK, _LOOKS_PER_WIDER_LOOK, _LOOKS_PER_WIDER_LOOK)
