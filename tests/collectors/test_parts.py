"""Every built-in collector is a part as the house wants it: importable without its vendor, with a page that is true."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from kronveil.collectors import BUILT_IN
from kronveil.config import load
from kronveil.sdk.contracts import Component

PAGES = Path(__file__).parents[2] / "docs" / "reference" / "collectors"
KINDS = re.compile(r"[a-z]+\.[a-z_]+")


def test_importing_them_imports_no_vendor() -> None:
    program = (
        "import sys, kronveil.collectors\n"
        "print({'httpx2', 'lightkube', 'ruamel'} & {name.split('.')[0] for name in sys.modules})"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


@pytest.mark.parametrize("component", BUILT_IN, ids=lambda component: component.name)
def test_its_page_names_every_observation_and_its_example_parses(component: Component[object], tmp_path: Path) -> None:
    page = (PAGES / f"{component.name}.md").read_text()
    for kind in component.emits:
        assert KINDS.fullmatch(kind)
        assert f"`{kind}`" in page
    example = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert example is not None
    file = tmp_path / "kronveil.yaml"
    file.write_text(example.group(1))
    section = load(file, {}).collectors
    assert getattr(section, component.name) is not None
