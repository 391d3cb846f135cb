"""How much larger than usual a run is to be (``--scale``), for the stages that can be larger."""

from contextvars import ContextVar

SCALE: ContextVar[int] = ContextVar("kronveil_bench_scale", default=1)
