"""Results as lines for a person."""

from collections.abc import Sequence
from typing import Any

from kronveil.bench.measure import spread
from kronveil.bench.record import Circumstances, Measure, Record

HEADING = f"{'STAGE':<10} {'VARIANT':<30} {'CPU PER UNIT':>18}  {'RATIO (QUARTILES)':<49} {'FLOOR':<9} {'GOAL':<9}"


def line_of(record: Record, circumstances: Circumstances) -> str:
    """One result, with what it is compared with and what is wrong with it."""
    cpu = spread([sample.cpu_us for sample in record.samples])
    words = (
        f"{record.stage:<10} {record.variant:<30} {_time(cpu.median) + ' / ' + record.unit:>18}  {_ratio(record):<49} "
    )
    words += f"{_bound(record, 'floor'):<9} {_bound(record, 'goal'):<9} {_remarks(record, circumstances)}"
    return words.rstrip()


def verdict(results: Sequence[dict[str, Any]]) -> str:
    """The last line: what the table does not say by itself."""
    goals = [result for result in results if result["goal_met"] is not None]
    met = sum(result["goal_met"] for result in goals)
    invalid = sum(not result["valid"] for result in results)
    unbalanced = sum(result["balanced"] is False for result in results)
    words = f"{met} of {len(goals)} goals met"
    if invalid:
        words += f"; {invalid} of {len(results)} results are not valid (load above the cores, or rounds that disagree)"
    return words + (f"; {unbalanced} DO NOT BALANCE" if unbalanced else "; all counts balance")


def _time(microseconds: float) -> str:
    return f"{microseconds / 1000:.0f} ms" if microseconds >= 10_000 else f"{microseconds:.2f} us"


def _ratio(record: Record) -> str:
    ratio, measure, value = record.ratio, record.measure, record.value
    if value is not None:
        return f"{value.spread.median:.3g} {value.unit} ({value.spread.q1:.3g}-{value.spread.q3:.3g})"
    if ratio is None or measure is None:
        return "reference"
    return f"{ratio.median:.2f} x {measure.kind} of {record.against} ({ratio.q1:.2f}-{ratio.q3:.2f})"


def _bound(record: Record, which: str) -> str:
    measure: Measure | None = record.measure
    value = getattr(measure, which) if measure else None
    if value is None or measure is None:
        return "-"
    is_missed = record.misses("floor" if which == "floor" else "goal")
    return f"{'>=' if measure.kind == 'speed' else '<='} {value:g}{' !' if is_missed else ''}"


def _remarks(record: Record, circumstances: Circumstances) -> str:
    remarks: list[str] = []
    if record.counts is not None:
        remarks.append("balanced" if record.counts.is_balanced else f"DOES NOT BALANCE: {record.counts}")
    if record.latency_ms:
        remarks.append("latency " + ", ".join(f"{name} {value:.1f} ms" for name, value in record.latency_ms.items()))
    remarks += [f"{name} {value:g}" for name, value in record.more.items()]
    if record.peer:
        remarks.append(f"original: {record.peer}")
    if not circumstances.is_calm:
        remarks.append("not valid: load above the cores")
    elif not record.is_steady:
        remarks.append("not valid: rounds disagree")
    return "; ".join(remarks)
