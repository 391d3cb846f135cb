"""The stage that starts real processes, apart from the others because it takes longest."""

import json
from pathlib import Path

import pytest

from kronveil.bench import run


@pytest.mark.timeout(300)
def test_starts_are_measured_beside_importing_the_core(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    assert run(["start"], file, quick=True) in (0, 1)
    records = {record["variant"]: record for record in json.loads(file.read_text())["records"]}
    assert set(records) == {
        "kronveil up, first answer",
        "kronveil check",
        "kronveil --version",
        "bare: importing the core",
    }
    assert records["kronveil --version"]["ratio_to_bare"]["median"] < 1
    assert records["kronveil up, first answer"]["peak_mib"] > 10
