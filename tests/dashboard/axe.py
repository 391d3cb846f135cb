"""Axe in the page: what it finds wrong with the accessibility of what is drawn now, in one line a fault."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Page, ViewportSize

from tests.dashboard.conftest import LAPTOP, PHONE

_AXE = Path(__file__).parents[2] / "dashboard" / "node_modules" / "axe-core" / "axe.min.js"
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_RUN = """tags => axe.run(document, {
  runOnly: {type: 'tag', values: tags},
  resultTypes: ['violations'],
}).then(found => found.violations.flatMap(({id, nodes}) => nodes.map(node => {
  const where = node.target.join(' ');
  return {
    rule: id, where, said: (node.failureSummary ?? '').split('\\n').at(-1),
    plotted: document.querySelector(where)?.closest('.timeline, .story') !== null,
  };
})))"""
Look = tuple[Literal["dark", "light"], ViewportSize]
LOOKS: tuple[Look, ...] = (("dark", LAPTOP), ("light", PHONE), ("dark", PHONE), ("light", LAPTOP))
# Each theme and each size once: enough for what stands on a page that is looked at in all four.
OPPOSITE_LOOKS = LOOKS[:2]


@cache
def _source() -> str:
    assert _AXE.is_file(), f"no axe at {_AXE}: run make test-real, which installs the console's packages"
    return _AXE.read_text()


async def faults(page: Page) -> list[str]:
    """Every fault on the page as it is drawn now, and nothing when it is clean."""
    # The policy of the page forbids it a script of ours; the debugger that tests speak through does not ask the page.
    if not await page.evaluate("typeof axe === 'object'"):
        await page.evaluate(_source())
    found: list[dict[str, Any]] = await page.evaluate(_RUN, _TAGS)
    return [
        f"{one['rule']} at {one['where']}: {one['said'].strip()}"
        for one in found
        # A mark in a plot is where and as wide as its time says; a list beside the plot has the same links in full
        # size, which is what WCAG 2.5.8 calls an equivalent control.
        if not (one["rule"] == "target-size" and one["plotted"])
    ]


async def faults_in(page: Page, looks: Sequence[Look] = LOOKS) -> dict[str, list[str]]:
    """The faults of what the page shows now, in dark and light, on a laptop and a phone; only looks that have one.

    Without motion, so that no colour is measured halfway to another one.
    """
    found: dict[str, list[str]] = {}
    for scheme, size in looks:
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        await page.set_viewport_size(size)
        if wrong := await faults(page):
            found[f"{scheme}, {size['width']} wide"] = wrong
    await page.set_viewport_size(LAPTOP)
    return found
