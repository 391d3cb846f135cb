"""Runs stages one after the other, prints each result when it is there, and says at the end whether all is well."""

import importlib
import json as json_text
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio

from kronveil.bench.record import Circumstances, Record, as_json
from kronveil.bench.report import HEADING, line_of, verdict
from kronveil.bench.scale import SCALE

STAGES = (
    "decode",
    "path",
    "watch",
    "dedup",
    "correlate",
    "start",
    "store",
    "relist",
    "memory",
    "idle",
    "query",
    "signals",
    "http",
    "ws",
    "growth",
    "runs",
    "recover",
    "soak",
)
EXIT_FAILED, EXIT_USAGE = 1, 2


def run(stages: Sequence[str], json_path: Path | None, *, quick: bool, scale: int = 1) -> int:
    """Measure the stages, all when none is named. 0: counts balance and floors hold; 1: not; 2: no such stage."""
    unknown = [stage for stage in stages if stage not in STAGES]
    if unknown:
        sys.stderr.write(f"no such stage: {', '.join(unknown)}. There are: {', '.join(STAGES)}\n")
        return EXIT_USAGE
    SCALE.set(scale)
    _say(HEADING)
    results: list[dict[str, Any]] = []
    is_well = True
    for stage in stages or STAGES:
        before = os.getloadavg()[0]
        records: list[Record] = anyio.run(importlib.import_module(f"kronveil.bench.stages.{stage}").measure, quick)
        circumstances = Circumstances(before, os.getloadavg()[0])
        for record in records:
            _say(line_of(record, circumstances))
            results.append(as_json(record, circumstances))
            is_well = is_well and _is_well(record, circumstances)
    if json_path is not None:
        json_path.write_text(json_text.dumps({"quick": quick, "records": results}, indent=2) + "\n", encoding="utf-8")
    _say(verdict(results))
    return 0 if is_well else EXIT_FAILED


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _is_well(record: Record, circumstances: Circumstances) -> bool:
    """Counts must balance however loaded the machine is; a floor counts only when the measurement does."""
    if record.counts is not None and not record.counts.is_balanced:
        return False
    return not (record.misses("floor") and record.is_steady and circumstances.is_calm)
