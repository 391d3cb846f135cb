"""What `kronveil bench` runs: each stage measures the agent beside a bare loop, and the ratio is the result."""

from kronveil.bench.run import STAGES, run

__all__ = ["STAGES", "run"]
