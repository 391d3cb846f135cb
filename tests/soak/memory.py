"""The resident memory of a process over time, and how steeply it grows."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import linear_regression, median

import anyio

MIB = 1024


@dataclass
class Memory:
    """Samples of one process: seconds since the first, and MiB."""

    pid: int
    times: list[float] = field(default_factory=list)
    sizes: list[float] = field(default_factory=list)

    async def watch(self, every_s: float) -> None:
        """Take a sample now and then, until cancelled."""
        began = time.monotonic()
        while True:
            self.times.append(time.monotonic() - began)
            self.sizes.append(resident_mib(self.pid))
            await anyio.sleep(every_s)

    @property
    def slope_mib_an_hour(self) -> float:
        """Of the straight line through all samples but the first third, in which caches fill."""
        start = len(self.times) // 3
        return linear_regression(self.times[start:], self.sizes[start:]).slope * 3600

    @property
    def growth(self) -> float:
        """The last quarter's median over that of the quarter after the first third: 1.0 is flat."""
        third, quarter = len(self.sizes) // 3, max(1, len(self.sizes) // 4)
        return median(self.sizes[-quarter:]) / median(self.sizes[third : third + quarter])


def resident_mib(pid: int) -> float:
    """What a process holds in memory now."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / MIB
