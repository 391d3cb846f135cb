"""Everything is reached, done and left by keys alone, and motion stops for those who ask for none."""

import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.dashboard.conftest import OpenPage, Troubled, settles

pytestmark = pytest.mark.anyio
SOON_MS = 30_000
GO_TO = {
    "i": "Incidents",
    "f": "Fleet",
    "e": "Explore",
    "c": "Changes",
    "r": "Runbooks",
    "a": "Policy & Audit",
    "p": "Parts",
    "s": "Settings",
    "o": "Overview",
}
FOCUSED = "document.activeElement?.textContent?.trim() ?? ''"
LEAVES = "!document.querySelector('dialog[open]')?.contains(document.activeElement)"


async def tab_to(page: Page, name: str, most: int = 120) -> None:
    """Walk with Tab until the control with this text has the focus, and see that the focus is drawn on the way."""
    for _ in range(most):
        await page.keyboard.press("Tab")
        if await page.evaluate(FOCUSED) == name:
            break
    assert await page.evaluate(FOCUSED) == name, f"Tab never reaches {name}"
    ring = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert ring == "solid", f"the focus on {name} is not drawn"


async def at_first_row(page: Page, url: str) -> Locator:
    """Open a list and go to its first row by its key."""
    await settles(page, url)
    await page.keyboard.press("j")
    row = page.locator("main [data-row]").first
    await expect(row).to_be_focused()
    return row


async def is_trapped_and_returned(page: Page, opener: str) -> None:
    """The open dialog keeps the focus through a whole round of Tab, and gives it back to its opener."""
    for _ in range(12):
        await page.keyboard.press("Tab")
        # A modal dialog may hand the focus to the browser's own bar for one step; never to the page behind it.
        on_body = await page.evaluate("document.activeElement === document.body")
        assert on_body or not await page.evaluate(LEAVES), "the focus leaves an open dialog"
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    if opener:
        assert await page.evaluate(FOCUSED) == opener


@pytest.mark.parametrize("act", ["Assign", "Silence", "Resolve", "Merge", "Note"])
async def test_a_dialog_of_an_incident_is_reached_trapped_and_left_by_keys(
    troubled: Troubled, open_page: OpenPage, act: str
) -> None:
    page, _ = await open_page("about:blank")
    await settles(page, f"{troubled.agent.url}/incidents/{troubled.hostile['id']}")
    await tab_to(page, act)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await is_trapped_and_returned(page, act)


async def test_the_dialogs_of_a_cluster_and_of_the_settings_are_reached_trapped_and_left_by_keys(
    troubled: Troubled, open_page: OpenPage
) -> None:
    page, _ = await open_page("about:blank")
    for path, act in {"/fleet/alpha": "Pause", "/settings": "New token"}.items():
        await settles(page, troubled.agent.url + path)
        await tab_to(page, act)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("dialog")).to_be_visible()
        await is_trapped_and_returned(page, act)


async def test_g_and_a_letter_go_to_every_page(troubled: Troubled, open_page: OpenPage) -> None:
    page, _ = await open_page("about:blank")
    await settles(page, troubled.agent.url)
    for letter, heading in GO_TO.items():
        await page.keyboard.press("g")
        await page.keyboard.press(letter)
        await expect(page.get_by_role("heading", level=1)).to_have_text(heading)


async def test_j_and_k_move_among_rows_home_and_end_reach_both_ends(troubled: Troubled, open_page: OpenPage) -> None:
    page, _ = await open_page("about:blank")
    await settles(page, f"{troubled.agent.url}/incidents")
    rows = page.locator("main [data-row]")
    await expect(rows).to_have_count(2)
    await page.keyboard.press("j")
    await expect(rows.nth(0)).to_be_focused()
    await page.keyboard.press("j")
    await expect(rows.nth(1)).to_be_focused()
    await page.keyboard.press("j")
    await expect(rows.nth(1)).to_be_focused()
    await page.keyboard.press("k")
    await expect(rows.nth(0)).to_be_focused()
    await page.keyboard.press("End")
    await expect(rows.nth(1)).to_be_focused()
    await page.keyboard.press("Home")
    await expect(rows.nth(0)).to_be_focused()
    title = await rows.nth(0).inner_text()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text(title)


async def test_the_palette_finds_an_incident_a_cluster_and_a_page_and_gives_the_focus_back(
    troubled: Troubled, open_page: OpenPage
) -> None:
    page, _ = await open_page("about:blank")
    row = await at_first_row(page, f"{troubled.agent.url}/incidents")
    await page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Find", exact=False).first
    await expect(field).to_be_focused()
    await page.keyboard.type("no such thing")
    await expect(page.get_by_text("Nothing this page knows is called that")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(row).to_be_focused()

    for words, heading in {"search": troubled.hostile["title"], "alpha": "alpha", "settings": "Settings"}.items():
        await page.keyboard.press("Control+k")
        await page.keyboard.type(words)
        chosen = page.get_by_role("dialog").get_by_role("option", selected=True)
        await expect(chosen).to_contain_text(re.compile(words, re.IGNORECASE))
        if words == "alpha":
            await page.get_by_role("dialog").get_by_role("option", name=re.compile("^alpha")).click()
        else:
            await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_have_text(heading)


async def test_the_help_names_every_key_and_closes_to_where_the_reader_was(
    troubled: Troubled, open_page: OpenPage
) -> None:
    page, _ = await open_page("about:blank")
    row = await at_first_row(page, f"{troubled.agent.url}/changes")
    await page.keyboard.press("?")
    dialog = page.get_by_role("dialog")
    for letter, heading in GO_TO.items():
        line = dialog.locator("dl > div").filter(has=page.get_by_role("definition").get_by_text(heading, exact=True))
        await expect(line.locator("kbd")).to_have_text(["G", letter.upper()])
    await is_trapped_and_returned(page, "")
    await expect(row).to_be_focused()


async def test_single_keys_can_be_switched_off_and_the_palette_stays(troubled: Troubled, open_page: OpenPage) -> None:
    page, _ = await open_page("about:blank")
    await settles(page, f"{troubled.agent.url}/settings")
    await page.get_by_label(re.compile("j, k, g")).uncheck()
    await page.locator("main").focus()
    await page.keyboard.press("g")
    await page.keyboard.press("o")
    await page.keyboard.press("?")
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("dialog")).to_have_count(1)
    await expect(page.get_by_role("dialog", name="Find")).to_be_visible()
    await expect(page.get_by_role("heading", level=1, include_hidden=True).first).to_have_text("Settings")


async def test_the_first_tab_skips_to_the_page(troubled: Troubled, open_page: OpenPage) -> None:
    page, _ = await open_page("about:blank")
    await settles(page, troubled.agent.url)
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    await expect(page.get_by_role("link", name="Skip to the page")).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await expect(page.locator("main")).to_be_focused()


@pytest.mark.parametrize("path", ["/", "/fleet", "/explore", "/parts"])
async def test_nothing_moves_for_those_who_ask_for_no_motion(
    troubled: Troubled, open_page: OpenPage, path: str
) -> None:
    page, _ = await open_page("about:blank")
    await page.emulate_media(reduced_motion="no-preference")
    await settles(page, troubled.agent.url + path)
    moving = "document.getAnimations().length"
    await expect(page.locator('[data-live="Live"]')).to_be_visible()
    assert await page.evaluate(moving) > 0, "the pulse of the live indicator moves"
    await page.emulate_media(reduced_motion="reduce")
    assert await page.evaluate(moving) == 0
