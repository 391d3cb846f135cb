"""Every page looks as it did when somebody last looked at its picture: its boxes where they were, its colours as they
were. `make pictures` renews both after a change that is meant; look at them before you commit them.

Letters are drawn a little differently on each machine, so no pixel is compared with a pixel: the picture is cut into
cells whose mean colours are, and boxes may be off by a line.
"""

import base64
import json
import os
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.async_api import Page, ViewportSize, expect

from tests.dashboard.conftest import LAPTOP, PHONE, OpenPage, Troubled
from tests.dashboard.fleet import ConsoleAgent
from tests.dashboard.frozen_agent import record, recording, replay
from tests.dashboard.loop import open_loop

pytestmark = pytest.mark.anyio
SOON_MS = 30_000
FROZEN = Path(__file__).with_name("frozen")
FAILED = Path(__file__).parents[2] / "test-results" / "console"
RENEW = os.environ.get("KRONVEIL_RENEW_PICTURES") == "1"
TROUBLED = ("overview", "incidents", "incident", "fleet", "cluster", "changes", "explore", "parts", "settings")
LOOPED = ("runbooks", "runbook", "proposed", "plan", "run", "decisions", "audit", "rules")
RECORDED = {**dict.fromkeys(TROUBLED, "recording"), **dict.fromkeys(LOOPED, "recording-loop")}
SCHEMES: tuple[Literal["dark", "light"], ...] = ("dark", "light")
SIZES: dict[str, ViewportSize] = {"1440": LAPTOP, "390": PHONE}
CELL_PX = 24
# Of 255, as the mean of three channels: another letter stays below; a missing row, another colour, and hatching where
# there was none do not.
CELL_DIFFERS_BY = 10
CELLS_THAT_MAY_DIFFER = 0.015
BOX_PX = 14
BOXES = """() => [...document.querySelectorAll('nav, header.topbar, main, main .panel, main h1, main h2, main thead')]
  .map(each => [each, each.getBoundingClientRect()])
  .filter(([, {width, height}]) => width > 0 && height > 0)
  .map(([each, {x, y, width, height}]) => [
    `${each.localName} ${each.getAttribute('aria-labelledby') ?? each.getAttribute('aria-label') ?? ''}`.trim(),
    ...[x, y, width, height].map(Math.round)])"""
# Parts of a page come when their script or their answer does: it is drawn once nothing has moved for so many frames.
STILL = f"""() => new Promise(resolve => {{
  const boxes = {BOXES};
  let before = '', still = 0;
  const look = () => {{
    const now = JSON.stringify(boxes());
    still = now === before ? still + 1 : 0;
    before = now;
    if (still < 20) requestAnimationFrame(look); else resolve();
  }};
  look();
}})"""
COMPARE = """async ([before, after, cell]) => {
  const read = async data => {
    const bitmap = await createImageBitmap(await (await fetch(`data:image/webp;base64,${data}`)).blob());
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
    canvas.drawImage(bitmap, 0, 0);
    return canvas.getImageData(0, 0, bitmap.width, bitmap.height);
  };
  const means = ({data, width, height}) => {
    const found = [];
    for (let top = 0; top < height; top += cell) for (let left = 0; left < width; left += cell) {
      const sum = [0, 0, 0];
      let n = 0;
      const below = Math.min(top + cell, height), right = Math.min(left + cell, width);
      for (let y = top; y < below; y++) for (let x = left; x < right; x++) {
        for (let c = 0; c < 3; c++) sum[c] += data[(y * width + x) * 4 + c];
        n += 1;
      }
      found.push(sum.map(each => each / n));
    }
    return found;
  };
  const [old, now] = await Promise.all([read(before), read(after)]);
  if (old.width !== now.width || old.height !== now.height) return [1e9];
  const others = means(now);
  return means(old).map((mean, i) => mean.reduce((sum, each, c) => sum + Math.abs(each - others[i][c]), 0) / 3);
}"""


@pytest.fixture(scope="module")
async def host(anyio_backend: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """An agent that only serves the console's files; what it would say is replaced by the recording."""
    async with ConsoleAgent(tmp_path_factory.mktemp("host")) as agent:
        yield agent


async def opened(page: Page, url: str) -> list[list[Any]]:
    """Open a page of the recording and wait until it is drawn; where its boxes are."""
    await page.goto(url)
    await expect(page.locator('[data-live="Live"]')).to_be_visible(timeout=SOON_MS)
    await expect(page.locator(".skeleton, .skeleton-space")).to_have_count(0, timeout=SOON_MS)
    await page.wait_for_load_state("networkidle")
    await page.evaluate("document.fonts.ready")
    await page.evaluate(STILL)
    boxes: list[list[Any]] = await page.evaluate(BOXES)
    return boxes


async def picture_of(page: Page) -> str:
    """What is on the screen now, small, in base64."""
    session = await page.context.new_cdp_session(page)
    shot = await session.send("Page.captureScreenshot", {"format": "webp", "quality": 40})
    await session.detach()
    picture: str = shot["data"]
    return picture


def unlike(before: list[list[Any]], after: list[list[Any]]) -> list[str]:
    """Boxes that came, went or moved by more than a line."""
    if [one[0] for one in before] != [one[0] for one in after]:
        return [f"boxes were {[one[0] for one in before]}, and are {[one[0] for one in after]}"]
    return [
        f"{old[0]} was at {old[1:]}, and is at {new[1:]}"
        for old, new in zip(before, after, strict=True)
        if any(abs(was - now) > BOX_PX for was, now in zip(old[1:], new[1:], strict=True))
    ]


async def recording_of_trouble(troubled: Troubled, open_page: OpenPage) -> None:
    page, _ = await open_page("about:blank")
    incident = f"/incidents/{troubled.wide['id']}"
    known = {"overview": "/", "incident": incident, "cluster": "/fleet/alpha"}
    await record(page, troubled.agent, "recording", {name: known.get(name, f"/{name}") for name in TROUBLED})


async def recording_of_the_loop(tmp_path: Path, open_page: OpenPage) -> None:
    async with open_loop(tmp_path) as looped:
        await looped.break_image("mail")
        await looped.proven(await looped.plan_for("mail"))
        await looped.break_image("cart")
        waiting = await looped.plan_for("cart")
        (over,) = [each for each in (await looped.asked("executions"))["items"] if each["verdict"] == "effective"]
        page, _ = await open_page("about:blank")
        paths = {
            "runbooks": "/runbooks",
            "runbook": "/runbooks/roll-back-release",
            "proposed": f"/incidents/{waiting['incident_id']}",
            "plan": f"/executions/{waiting['id']}",
            "run": f"/executions/{over['id']}",
            "decisions": "/policy",
            "audit": "/policy?view=audit",
            "rules": "/policy?view=rules",
        }
        await record(page, looped.agent, "recording-loop", paths)


if RENEW:  # make pictures; else they are no tests, rather than ones that are skipped
    test_a_new_recording_is_made = recording_of_trouble
    test_a_new_recording_of_the_loop_is_made = recording_of_the_loop


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", RECORDED)
async def test_a_page_looks_as_it_did(host: ConsoleAgent, open_page: OpenPage, name: str, size: str) -> None:
    assert recording(RECORDED[name]).is_file()
    page, seen = await open_page("about:blank", size=SIZES[size])
    paths = await replay(page, RECORDED[name])
    blank, _ = await open_page("about:blank")
    boxes_file = FROZEN / f"{name}-{size}.json"
    await page.emulate_media(color_scheme=SCHEMES[0], reduced_motion="reduce")
    boxes = await opened(page, host.url + paths[name])
    if RENEW:
        boxes_file.write_text(json.dumps(boxes) + "\n")
    moved = [] if RENEW else unlike(json.loads(boxes_file.read_text()), boxes)
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        picture = await picture_of(page)
        file = FROZEN / f"{name}-{size}-{scheme}.webp"
        if RENEW:
            file.write_bytes(base64.b64decode(picture))
        before = base64.b64encode(file.read_bytes()).decode()
        cells: list[float] = await blank.evaluate(COMPARE, [before, picture, CELL_PX])
        off = sum(cell > CELL_DIFFERS_BY for cell in cells) / len(cells)
        if off > CELLS_THAT_MAY_DIFFER or moved:
            FAILED.mkdir(parents=True, exist_ok=True)
            (FAILED / file.name).write_bytes(base64.b64decode(picture))
        hint = f"see {FAILED / file.name} beside {file}; if it is meant: make pictures"
        assert moved == [], hint
        assert off <= CELLS_THAT_MAY_DIFFER, f"{off:.1%} of the picture differs: {hint}"
    assert seen.errors == []
