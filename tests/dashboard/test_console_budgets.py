"""What the console may cost: bytes, the first second, a hundred events a second, ten thousand rows, an hour of stream.

The machine may be busy with others. So a speed is a condition that is waited for: any quiet second shows that the page
can, and a page that cannot never will.
"""

import json
from statistics import median, quantiles
from typing import Any

import httpx2
import pytest
from playwright.async_api import Browser, Locator, Page, Route, expect

from tests.dashboard import wire
from tests.dashboard.conftest import LAPTOP, OpenPage, Troubled, settles

pytestmark = pytest.mark.anyio
SOON_MS = 30_000
TRIES = 30
PODS = 10_000
INCIDENTS = 1_000
# A list this long must draw no more than what is near the window.
DRAWN_AT_MOST = 150
SENT = """() => performance.getEntriesByType('resource').map(({name, encodedBodySize}) => [name, encodedBodySize])"""
USEFUL = """new MutationObserver((_, watch) => {
  if (!document.querySelector('.needs [href^="/incidents/"]')) return;
  watch.disconnect();
  requestAnimationFrame(() => setTimeout(() => { document.body.dataset.usefulAt = performance.now(); }));
}).observe(document, {childList: true, subtree: true})"""


async def test_a_first_visit_stays_in_its_budget_of_bytes_and_asks_nobody_else(
    troubled: Troubled, open_page: OpenPage
) -> None:
    page, seen = await open_page("about:blank")
    await settles(page, troubled.agent.url)
    sent: list[tuple[str, int]] = await page.evaluate(SENT)

    def kilobytes(ending: str) -> float:
        return sum(size for name, size in sent if name.endswith(ending)) / 1000

    assert 0 < kilobytes(".js") <= 200
    assert 0 < kilobytes(".css") <= 20
    assert 0 < kilobytes(".woff2") <= 120
    assert seen.hosts == {troubled.agent.url.removeprefix("http://")}


async def test_the_first_useful_picture_is_there_within_a_second(troubled: Troubled, browser: Browser) -> None:
    took: list[float] = []
    for _ in range(TRIES):
        # A profile of its own each time: nothing is in a cache.
        context = await browser.new_context(viewport=LAPTOP)
        page = await context.new_page()
        await page.add_init_script(USEFUL)
        await page.goto(troubled.agent.url)
        drawn = page.locator("body[data-useful-at]")
        took.append(float(await drawn.get_attribute("data-useful-at", timeout=SOON_MS) or "inf"))
        await context.close()
        if took[-1] < 1000:
            return
    pytest.fail(f"an incident of the queue was never drawn within 1,000 ms; it took {took}")


async def test_a_hundred_events_a_second_leave_the_page_its_sixty_frames(
    troubled: Troubled, open_page: OpenPage
) -> None:
    page, _ = await open_page("about:blank")
    await wire.put_in(page)
    await settles(page, troubled.agent.url)
    await wire.hold(page)
    rounds: list[tuple[float, float]] = []
    for _ in range(TRIES):
        idle = median(await wire.frame_gaps(page, 30, 0))
        # The quicker frames say what the page needs, the slower ones what the machine did meanwhile: a page that needs
        # more than one frame's time has no quick ones.
        busy = quantiles(await wire.frame_gaps(page, 60, 100), n=4)[0]
        rounds.append((idle, busy))
        if busy <= 1.1 * idle:
            break
    else:
        pytest.fail(f"milliseconds between frames, idle and at 100 events a second: {rounds}")
    await expect(page.locator('[data-live="Live"]')).to_be_visible()
    await expect(page.locator(".feed [data-event]")).to_have_count(100)


async def test_an_hour_of_stream_leaves_memory_as_it_was(troubled: Troubled, open_page: OpenPage) -> None:
    page, _ = await open_page("about:blank")
    await wire.put_in(page)
    await settles(page, troubled.agent.url)
    await wire.hold(page)
    # What is kept of the past is full by then: a hundred events, five hundred changes, a lane's worth of bars.
    await wire.play(page, 24)
    early = await wire.standing_heap(page)
    await wire.play(page, 36)
    late = await wire.standing_heap(page)
    assert late["JSHeapUsedSize"] <= 1.15 * early["JSHeapUsedSize"], (early, late)
    assert late["Nodes"] <= 1.1 * early["Nodes"], (early, late)
    assert late["JSHeapUsedSize"] < 150e6
    await expect(page.locator(".feed [data-event]")).to_have_count(100)


async def reaches_both_ends(page: Page, rows: Locator, first: str, last: str) -> None:
    """End brings the last row of a long list and Home the first, each with the focus, and few rows are ever drawn."""
    assert 0 < await rows.count() <= DRAWN_AT_MOST
    await page.locator("main").focus()
    await page.keyboard.press("End")
    await expect(rows.filter(has_text=last)).to_be_in_viewport(timeout=SOON_MS)
    await expect(page.locator("[data-row]:focus")).to_contain_text(last, timeout=SOON_MS)
    assert 0 < await rows.count() <= DRAWN_AT_MOST
    await page.keyboard.press("Home")
    await expect(rows.filter(has_text=first).first).to_be_in_viewport(timeout=SOON_MS)
    assert 0 < await rows.count() <= DRAWN_AT_MOST


async def scrolls_smoothly(page: Page, rows: Locator) -> None:
    """A list that is scrolled by a page in each frame keeps its frames, and always has rows on the screen."""
    idle = median(await wire.frame_gaps(page, 30, 0))
    tries: list[float] = []
    for _ in range(TRIES):
        gaps: list[float] = await page.evaluate("""() => new Promise(resolve => {
          const main = document.getElementById('main'), gaps = [];
          let before = null;
          const step = now => {
            if (before !== null) gaps.push(now - before);
            before = now;
            main.scrollBy(0, 40);
            if (gaps.length < 60) requestAnimationFrame(step); else resolve(gaps);
          };
          requestAnimationFrame(step);
        })""")
        await expect(rows.first).to_be_attached()
        tries.append(quantiles(gaps, n=4)[0])
        if tries[-1] <= 1.25 * idle:
            return
    pytest.fail(f"idle {idle} ms between frames, scrolling {tries}")


async def test_a_thousand_incidents_are_found_and_scrolled_and_few_are_drawn(
    troubled: Troubled, open_page: OpenPage
) -> None:
    page, _ = await open_page("about:blank")
    await wire.put_in(page, incidents=INCIDENTS)
    await settles(page, f"{troubled.agent.url}/incidents?sort=severity")
    rows = page.locator("[data-incident]")
    await expect(page.get_by_text(f"{INCIDENTS - 2} incidents")).to_be_visible()
    await scrolls_smoothly(page, rows)
    shown = [title for title in await page.locator("[data-incident] a").all_inner_texts() if title]
    assert shown
    assert 0 < await rows.count() <= DRAWN_AT_MOST
    await page.locator("main").focus()
    await page.keyboard.press("End")
    await expect(page.locator("[data-row]:focus")).to_be_in_viewport(timeout=SOON_MS)
    await page.keyboard.press("/")
    await page.keyboard.type("no 777")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("no 777")


@pytest.fixture
async def many_pods(troubled: Troubled) -> list[dict[str, Any]]:
    """Ten thousand pods of alpha: copies of those the agent lists, under names of their own."""
    async with httpx2.AsyncClient(base_url=troubled.agent.url, trust_env=False) as http:
        answer = await http.get("/api/v1/pods", params={"cluster": "alpha"})
    real: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
    return [{**real[n % len(real)], "name": f"pod-{n:05}", "uid": f"uid-{n}"} for n in range(PODS)]


async def test_ten_thousand_pods_are_found_and_scrolled_and_few_are_drawn(
    troubled: Troubled, open_page: OpenPage, many_pods: list[dict[str, Any]]
) -> None:
    page, _ = await open_page("about:blank")
    await wire.put_in(page)

    async def answer(route: Route) -> None:
        asked = httpx2.URL(route.request.url).params
        matching = [pod for pod in many_pods if asked.get("q", "") in pod["name"]]
        start, size = int(asked.get("cursor", 0)), int(asked["limit"])
        end = start + size
        body = await (await route.fetch()).json()
        body |= {"items": matching[start:end], "total": len(matching)}
        body["next_cursor"] = str(end) if end < len(matching) else None
        await route.fulfill(body=json.dumps(body), content_type="application/json")

    await page.route("**/api/v1/pods?*", answer)
    await settles(page, f"{troubled.agent.url}/fleet/alpha?view=pods")
    rows = page.locator("[data-pod]")
    await expect(page.get_by_text("of 10,000 pods")).to_be_visible()
    await scrolls_smoothly(page, rows)
    await reaches_both_ends(page, rows, "pod-00000", "pod-09999")
    await page.get_by_role("searchbox").fill("pod-07777")
    await expect(rows).to_have_count(1)
