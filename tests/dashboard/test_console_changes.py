"""What was changed, whom it harms, and one incident over several clusters: from the clusters to the page."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from kronveil.lab import Lab
from tests.dashboard.conftest import LAPTOP, PHONE, OpenPage
from tests.dashboard.fleet import BAD, GOOD, ConsoleAgent, set_image
from tests.real.waiting import eventually

pytestmark = pytest.mark.anyio
SOON_MS = 30_000
OTHER = "ghcr.io/example/search:2.1.0"


async def open_live(open_page: OpenPage, agent: ConsoleAgent, path: str = "") -> Page:
    """A page of the console that is live, with both clusters heard."""
    page, _ = await open_page(agent.url + path)
    await expect(page.locator('[data-live="Live"]')).to_be_visible(timeout=SOON_MS)
    await expect(page.get_by_text("2 of 2 clusters reporting")).to_be_visible(timeout=SOON_MS)
    return page


async def everywhere(lab: Lab, agent: ConsoleAgent) -> dict[str, Any]:
    """Release the bad image to both clusters, and give the one incident that follows."""
    await agent.all_heard()
    for cluster in ("alpha", "beta"):
        await set_image(lab, cluster, "cart", BAD)

    async def whole() -> dict[str, Any] | None:
        return next((one for one in await agent.incidents() if len(one["children"]) == 2), None)

    found = await eventually(whole, "one incident speaks for both clusters", within_s=40)
    assert found is not None
    return found


async def test_a_change_is_on_the_overview_at_once_and_named_as_the_suspect(
    lab: Lab, agent: ConsoleAgent, open_page: OpenPage
) -> None:
    page = await open_live(open_page, agent)
    await set_image(lab, "alpha", "cart", BAD)
    row = page.locator(".changed [data-change]")
    await expect(row).to_contain_text("cart 1.0.0 → 9.9.9", timeout=SOON_MS)
    await expect(page.locator('[data-tick="alpha"]')).to_have_count(1)
    await expect(page.locator('[data-tick="beta"]')).to_have_count(0)
    await expect(page.locator(".change-tick-suspect")).to_have_count(1, timeout=SOON_MS)

    await row.locator('[href^="/incidents/"]').click()
    suspect = page.locator(".suspect").first
    await expect(suspect).to_contain_text("shop/cart: image 1.0.0 → 9.9.9")
    await expect(suspect.locator("del")).to_have_text(GOOD)
    await expect(suspect.locator("ins")).to_have_text(BAD)
    await expect(suspect).to_contain_text(re.compile(r"(\d+ s (before|after)|at the start) ·"))
    await expect(suspect.locator(".reason-for").first).to_contain_text("it changed the very thing that is in trouble")
    await expect(page.locator(".sources-missing")).to_contain_text("cloud")


async def test_the_ledger_is_live_holds_still_and_filters_in_the_address(
    lab: Lab, agent: ConsoleAgent, open_page: OpenPage
) -> None:
    page = await open_live(open_page, agent)
    await page.keyboard.press("g")
    await page.keyboard.press("c")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Changes")
    await expect(page.get_by_text("nobody changed anything")).to_be_visible()
    rows = page.locator("main [data-change]")

    await set_image(lab, "beta", "cart", BAD)
    await expect(rows).to_have_count(1, timeout=SOON_MS)
    await expect(rows.first.locator(".suspected")).to_be_visible(timeout=SOON_MS)
    await rows.first.hover()
    await set_image(lab, "alpha", "search", OTHER)
    await expect(page.get_by_role("button", name="1 new")).to_be_visible(timeout=SOON_MS)
    await expect(rows).to_have_count(1)
    await page.get_by_role("button", name="1 new").click()
    await expect(rows).to_have_count(2)

    await page.get_by_label("Cluster").select_option("alpha")
    await expect(page).to_have_url(re.compile("cluster=alpha"))
    await expect(rows).to_have_count(1)
    await page.keyboard.press("Escape")
    await page.get_by_role("searchbox").fill("shop/cart")
    await expect(page.get_by_text("No changes match 2 filters.")).to_be_visible()
    await page.get_by_role("button", name="Clear filters").click()
    await expect(rows).to_have_count(2)


async def test_one_incident_over_two_clusters_is_one_row_that_unfolds(
    lab: Lab, agent: ConsoleAgent, open_page: OpenPage
) -> None:
    incident = await everywhere(lab, agent)
    page = await open_live(open_page, agent)
    await expect(page.locator(".need")).to_have_count(1)
    await page.goto(f"{agent.url}/incidents")
    rows = page.locator("[data-incident]")
    await expect(rows).to_have_count(1)
    await page.get_by_role("button", name=re.compile("2 parts")).click()
    await expect(rows).to_have_count(3)

    await page.goto(f"{agent.url}/incidents/{incident['id']}")
    places = page.locator("[data-where]")
    await expect(places).to_have_count(2)
    await expect(places.first).to_contain_text(re.compile("alpha.*Open", re.DOTALL))
    await places.first.locator(".where-child").click()
    await expect(page.locator(".kinship a")).to_have_text(incident["title"])
    await page.locator(".kinship a").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(incident["title"])


async def test_an_assignment_is_done_at_once_and_taken_back(lab: Lab, agent: ConsoleAgent, open_page: OpenPage) -> None:
    await set_image(lab, "alpha", "cart", BAD)
    incident = (await eventually(agent.incidents, "an incident is open", within_s=30))[0]
    page = await open_live(open_page, agent, f"/incidents/{incident['id']}")
    await page.get_by_role("button", name="Assign").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Person").fill("dana")
    await dialog.get_by_role("button", name="Assign").click()
    await expect(page.locator(".facts-line")).to_contain_text("assigned to dana")
    await page.get_by_role("button", name="Undo").click()
    await expect(page.locator(".facts-line")).not_to_contain_text("assigned to dana")

    await page.get_by_role("button", name="Note").click()
    await dialog.get_by_label("Note").fill("The registry team knows")
    await dialog.get_by_role("button", name="Add it").click()
    await expect(page.locator(".entries")).to_contain_text("The registry team knows")


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
async def test_the_ledger_a_cluster_and_a_wider_incident_are_drawn_without_an_error(
    lab: Lab, agent: ConsoleAgent, open_page: OpenPage, size: Any
) -> None:
    incident = await everywhere(lab, agent)
    pages = {"/changes": "Changes", "/fleet/alpha": "alpha", f"/incidents/{incident['id']}": incident["title"]}
    for path, heading in pages.items():
        page, seen = await open_page(agent.url + path, scheme="light", size=size)
        await expect(page.locator('[data-live="Live"]')).to_be_visible(timeout=SOON_MS)
        await expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        await expect(page.locator("[data-change]").first).to_be_visible()
        assert seen.errors == []
        width = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width[0] <= width[1]
