"""A plan on the screen is signed, refused, carried out, stopped and proven there, and never by accident."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from playwright.async_api import Locator, Page, expect

from tests.dashboard.axe import OPPOSITE_LOOKS, faults_in
from tests.dashboard.conftest import OpenPage, settles
from tests.dashboard.fleet import set_image
from tests.dashboard.loop import Found, Looped, open_loop

pytestmark = pytest.mark.anyio
SOON_MS = 30_000
LATER_MS = 60_000
LEAKY = "ghcr.io/example/search:2.1.0"


@pytest.fixture(scope="module")
async def looped(anyio_backend: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Looped]:
    """One agent for all tests of the module; each test has an app of its own."""
    async with open_loop(tmp_path_factory.mktemp("looped"), max_actions_per_target="6/1h") as opened:
        yield opened


async def at_plan(looped: Looped, open_page: OpenPage, app: str) -> tuple[Page, Found]:
    """Break an app and open the page of the plan that follows."""
    await looped.break_image(app)
    run = await looped.plan_for(app)
    page, _ = await open_page("about:blank")
    await settles(page, f"{looped.agent.url}/executions/{run['id']}")
    return page, run


def sign_button(page: Page) -> Locator:
    return page.get_by_role("button", name=re.compile("Approve and run"))


async def sign(page: Page, reason: str = "The release is broken") -> None:
    """As a person who read the plan."""
    await page.get_by_label("Reason").fill(reason)
    await sign_button(page).click()


async def token_of(looped: Looped, name: str, role: str) -> str:
    """A new token with a role."""
    headers = {"Idempotency-Key": f"for-{name}"}
    async with httpx2.AsyncClient(base_url=looped.agent.url, headers=headers, trust_env=False) as http:
        made = await http.post("/api/v1/tokens", json={"name": name, "role": role})
    token: str = made.raise_for_status().json()["token"]
    return token


async def open_as(looped: Looped, open_page: OpenPage, token: str, path: str) -> Page:
    """A page of somebody who signed in."""
    page, _ = await open_page("about:blank")
    await page.add_init_script(f"sessionStorage.setItem('kronveil.token', {json.dumps(token)})")
    await settles(page, looped.agent.url + path)
    return page


async def test_three_keys_lead_from_an_incident_to_a_signature_and_the_verdict_comes_by_itself(
    looped: Looped, open_page: OpenPage
) -> None:
    await looped.break_image("cart")
    run = await looped.plan_for("cart")
    page, seen = await open_page("about:blank")
    await settles(page, f"{looped.agent.url}/incidents/{run['incident_id']}#proposed")
    await expect(page.locator("#proposed [data-waiting]").first).to_be_in_viewport()
    await expect(page.locator(".stage", has_text="Approval")).to_contain_text("left")
    assert await faults_in(page, OPPOSITE_LOOKS) == {}
    await page.keyboard.press("a")
    await expect(page).to_have_url(re.compile(f"/executions/{run['id']}#approve"))
    await expect(page.get_by_label("Reason")).to_be_focused()
    await expect(page.locator("[data-plan-hash]")).to_have_attribute("data-plan-hash", run["plan"]["hash"])
    await expect(page.locator(".line-removed")).to_contain_text("cart:9.9.9")
    await expect(page.locator(".line-added")).to_contain_text("cart:1.0.0")
    assert await faults_in(page) == {}

    # Without a reason the keys sign nothing.
    await page.keyboard.press("Control+Enter")
    assert (await looped.run(run["id"]))["status"] == "awaiting_approval"
    await page.keyboard.type("The release is broken")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("[data-given=local]")).to_contain_text("The release is broken", timeout=SOON_MS)
    await expect(page.locator("[data-verdict=effective]")).to_be_visible(timeout=LATER_MS)
    await expect(page.locator("[data-step-state=done]").first).to_be_visible()
    assert await faults_in(page, OPPOSITE_LOOKS) == {}
    assert seen.errors == []

    await settles(page, f"{looped.agent.url}/incidents/{run['incident_id']}")
    await expect(page.locator(".stage", has_text="Verified")).to_contain_text("effective", timeout=SOON_MS)
    await settles(page, f"{looped.agent.url}/runbooks")
    await expect(page.locator('[data-runbook="roll-back-release"]')).to_contain_text("100 %")


async def test_the_same_plan_signed_in_two_tabs_acts_once_and_one_is_told_that_it_was_given(
    looped: Looped, open_page: OpenPage
) -> None:
    page, run = await at_plan(looped, open_page, "basket")
    other, _ = await open_page("about:blank")
    await settles(other, page.url)
    await other.get_by_label("Reason").fill("So do I")
    await sign(page)
    await expect(other.locator(".signature")).to_contain_text("Already given.", timeout=SOON_MS)
    await expect(other.locator("[data-given]")).to_have_count(1)
    await expect(page.locator(".signature")).not_to_contain_text("Already given.")
    ended = await looped.over(run)
    begun = [each for each in ended["timeline"] if each["what"] == "approved"]
    assert len(begun) == 1


async def test_a_target_that_changed_after_the_plan_was_made_is_refused_and_the_page_names_the_field(
    looped: Looped, open_page: OpenPage
) -> None:
    page, _ = await at_plan(looped, open_page, "mail")
    await set_image(looped.lab, "alpha", "mail", "ghcr.io/example/cart:9.9.8")
    await sign(page)
    problem = page.locator(".run-problem")
    await expect(problem).to_contain_text("the target changed since it was approved", timeout=SOON_MS)
    await expect(problem).to_contain_text("image")
    await expect(problem).to_contain_text("Nothing was done")
    await expect(page.locator('[data-outcome="Not begun"]')).to_be_visible()
    assert await faults_in(page, OPPOSITE_LOOKS) == {}


async def test_who_asked_for_a_run_is_told_why_they_may_not_sign_it(looped: Looped, open_page: OpenPage) -> None:
    token = await token_of(looped, "asker", "approver")
    await looped.break_image("price")
    plan = await looped.plan_for("price")
    asked = {"incident_id": plan["incident_id"], "mode": "live"}
    made = await looped.told("runbooks/restart/executions", asked, await token_of(looped, "asker-too", "operator"))
    assert made.status_code == 202
    own = (await looped.told("runbooks/restart/executions", asked, token)).json()
    page = await open_as(looped, open_page, token, f"/executions/{own['id']}")
    await expect(page.locator(".signing-off")).to_contain_text("asked for", timeout=SOON_MS)
    await page.get_by_label("Reason").fill("I am sure")
    await expect(sign_button(page)).to_be_disabled()
    own = await looped.run(own["id"])
    signed = {"plan_hash": own["plan"]["hash"], "reason": "I am sure"}
    assert (await looped.told(f"executions/{own['id']}/approve", signed, token)).status_code in (403, 409)
    assert await faults_in(page, OPPOSITE_LOOKS) == {}


async def test_a_viewer_reads_the_plan_finds_writes_off_with_the_role_and_the_agent_refuses_too(
    looped: Looped, open_page: OpenPage
) -> None:
    token = await token_of(looped, "onlooker", "viewer")
    await looped.break_image("stock")
    run = await looped.plan_for("stock")
    page = await open_as(looped, open_page, token, f"/executions/{run['id']}")
    await page.get_by_label("Reason").fill("Let me")
    await expect(sign_button(page)).to_be_disabled()
    await expect(page.get_by_role("button", name="Reject")).to_be_disabled()
    await expect(page.locator(".signing-off")).to_contain_text("Needs approver; you have viewer")
    await page.get_by_label("Reason").press("Control+Enter")
    signed = {"plan_hash": run["plan"]["hash"], "reason": "Let me"}
    assert (await looped.told(f"executions/{run['id']}/approve", signed, token)).status_code == 403
    assert (await looped.run(run["id"]))["status"] == "awaiting_approval"
    await settles(page, f"{looped.agent.url}/runbooks")
    stop = page.get_by_role("button", name="Stop all runs")
    await expect(stop).to_be_disabled()
    await expect(stop).to_have_attribute("title", "Needs operator; you have viewer")
    assert await faults_in(page, OPPOSITE_LOOKS) == {}


async def test_two_people_sign_and_the_run_asks_before_it_acts(looped: Looped, open_page: OpenPage) -> None:
    await looped.break_image("tea")
    incident = (await looped.plan_for("tea"))["incident_id"]
    asked = {"incident_id": incident, "mode": "live"}
    made = await looped.told("runbooks/ask-first/executions", asked, await token_of(looped, "starter", "operator"))
    path = f"/executions/{made.raise_for_status().json()['id']}"
    first = await open_as(looped, open_page, await token_of(looped, "ada", "approver"), path)
    await sign(first, "It is stuck")
    await expect(first.locator(".terms")).to_contain_text("2 approvals by role approver, 1 more", timeout=SOON_MS)
    await expect(first.locator(".signing-off")).to_contain_text("ada signed")
    await expect(sign_button(first)).to_be_disabled()
    assert await faults_in(first, OPPOSITE_LOOKS) == {}
    await first.get_by_role("button", name="Take my signature back").click()
    await expect(first.locator(".terms")).not_to_contain_text("1 more", timeout=SOON_MS)
    await expect(sign_button(first)).to_be_enabled()
    await sign_button(first).click()
    await expect(first.locator(".terms")).to_contain_text("1 more", timeout=SOON_MS)

    second = await open_as(looped, open_page, await token_of(looped, "bo", "approver"), path)
    await sign(second, "I agree")
    question = second.locator(".question")
    await expect(question).to_contain_text("Shall its pods be restarted now?", timeout=SOON_MS)
    await expect(second.locator("[data-given]")).to_have_count(2)
    await expect(question.get_by_role("button", name="Go on")).to_be_disabled()
    assert await faults_in(second, OPPOSITE_LOOKS) == {}
    await question.get_by_label("Reason for the answer").fill("It is quiet")
    await question.get_by_role("button", name="Go on").click()
    await expect(question).to_have_count(0, timeout=SOON_MS)
    await expect(second.locator("[data-step-state=done]")).to_have_count(2, timeout=SOON_MS)


async def test_other_inputs_make_another_plan_that_who_edited_it_does_not_sign(
    looped: Looped, open_page: OpenPage
) -> None:
    await looped.break_image("wish")
    incident = (await looped.plan_for("wish"))["incident_id"]
    page, _ = await open_page("about:blank")
    await settles(page, f"{looped.agent.url}/runbooks/ask-first")
    await page.locator("#rehearse select").first.select_option(incident)
    await page.get_by_role("button", name="Plan for approval").click()
    hash_of = page.locator("[data-plan-hash]")
    await expect(hash_of).to_be_visible(timeout=SOON_MS)
    before = await hash_of.get_attribute("data-plan-hash")
    await page.get_by_role("button", name="Edit, then ask again").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("cause").fill("it leaks")
    await dialog.get_by_label("Why", exact=True).fill("Nobody said it")
    assert await faults_in(page, OPPOSITE_LOOKS) == {}
    await dialog.get_by_role("button", name="Plan anew").click()
    await expect(page.locator(".facts-line")).to_contain_text("cause it leaks", timeout=SOON_MS)
    await expect(page.locator(".facts-line")).to_contain_text("edited by local")
    await expect(hash_of).not_to_have_attribute("data-plan-hash", before or "")


async def test_a_plan_is_rejected_with_a_reason_that_everybody_reads(looped: Looped, open_page: OpenPage) -> None:
    page, run = await at_plan(looped, open_page, "tax")
    reject = page.get_by_role("button", name="Reject")
    await expect(reject).to_be_disabled()
    await page.get_by_label("Reason").fill("We fix it forward")
    await reject.click()
    await expect(page.locator(".signature")).to_contain_text("Rejected: We fix it forward", timeout=SOON_MS)
    assert (await looped.run(run["id"]))["status"] == "rejected"
    await settles(page, f"{looped.agent.url}/incidents/{run['incident_id']}")
    await expect(page.locator("#proposed")).to_contain_text("We fix it forward")


async def test_a_rehearsal_is_no_success_and_resolves_nothing(looped: Looped, open_page: OpenPage) -> None:
    await looped.break_image("wish")
    plan = await looped.plan_for("wish")
    page, _ = await open_page("about:blank")
    await settles(page, f"{looped.agent.url}/runbooks/restart")
    await expect(page.locator(".runbook-record")).to_contain_text("no runs yet")
    await page.locator("#rehearse select").select_option(plan["incident_id"])
    await page.get_by_role("button", name="Rehearse", exact=True).click()
    await expect(page).to_have_url(re.compile("/executions/exe_"))
    await expect(page.locator("[data-verdict=rehearsed]")).to_contain_text("nothing was changed", timeout=SOON_MS)
    await expect(page.locator(".run-now")).to_contain_text("counts as nothing")
    await expect(page.locator(".signature")).to_have_count(0)
    assert await faults_in(page, OPPOSITE_LOOKS) == {}
    await settles(page, f"{looped.agent.url}/runbooks/restart")
    await expect(page.locator(".runbook-record")).to_contain_text("no runs yet")
    await expect(page.locator("[data-run]").first).to_contain_text("Rehearsed")
    assert (await looped.asked(f"incidents/{plan['incident_id']}"))["status"] == "open"


async def test_what_destroys_is_signed_only_under_the_name_of_its_target(looped: Looped, open_page: OpenPage) -> None:
    run = await looped.plan_for("migrate", "remove-job")
    page, _ = await open_page("about:blank")
    await settles(page, f"{looped.agent.url}/executions/{run['id']}")
    await expect(page.locator(".effect-destroy .effect-chip")).to_have_text("destroys")
    await page.get_by_label("Reason").fill("The next release runs it again")
    await expect(sign_button(page)).to_be_disabled()
    name = page.get_by_label("It destroys: type migrate to go on")
    await name.fill("migrant")
    await expect(page.get_by_role("alert")).to_have_text("That is not its name.")
    await name.press("Control+Enter")
    await expect(sign_button(page)).to_be_disabled()
    assert await faults_in(page, OPPOSITE_LOOKS) == {}
    await name.fill("migrate")
    await name.press("Control+Enter")
    await expect(page.locator("[data-given=local]")).to_be_visible(timeout=SOON_MS)
    await expect(page.locator("[data-step-state=done]")).to_be_visible(timeout=SOON_MS)


async def test_what_was_decided_and_done_is_read_checked_exported_and_tried(
    looped: Looped, open_page: OpenPage
) -> None:
    await looped.break_image("stock")
    run = await looped.plan_for("stock")
    await looped.proven(run)
    page, seen = await open_page("about:blank")
    await settles(page, f"{looped.agent.url}/policy?run={run['id']}")
    decisions = page.locator("[data-decision]")
    await expect(decisions.filter(has_text="approve").first).to_contain_text("allowed")
    await decisions.first.get_by_role("button").first.click()
    await expect(decisions.first.locator(".rule-text")).to_contain_text('"who"')
    assert await faults_in(page, OPPOSITE_LOOKS) == {}
    await page.get_by_label("Result").select_option("denied")
    await expect(page.get_by_text("No decision matches.")).to_be_visible()

    await settles(page, f"{looped.agent.url}/policy?view=audit&target={run['id']}")
    await expect(page.locator("[data-chain=whole]")).to_be_visible()
    approved = page.locator('[data-act="execution.approved"]')
    await expect(approved).to_contain_text("The release is broken")
    await approved.get_by_role("button").click()
    await expect(approved).to_contain_text("follows")
    assert await faults_in(page, OPPOSITE_LOOKS) == {}
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Export all").click()
    lines = (await (await download.value).path()).read_text().splitlines()
    assert [json.loads(line)["seq"] for line in lines] == list(range(1, len(lines) + 1))

    await settles(page, f"{looped.agent.url}/policy?view=rules")
    await page.get_by_role("button", name="Ask the rules").click()
    await expect(page.locator("[data-allowed]")).to_contain_text(re.compile("Allowed|Denied"), timeout=SOON_MS)
    await page.get_by_label("What the rules are told").fill("{}")
    await page.get_by_role("button", name="Ask the rules").click()
    await expect(page.locator("[data-allowed=false]")).to_contain_text("Denied", timeout=SOON_MS)
    await page.get_by_label("What the rules are told").fill("{")
    await expect(page.get_by_role("button", name="Ask the rules")).to_be_disabled()
    await page.locator("[data-module] summary").first.click()
    await expect(page.locator("[data-module] .rule-text").first).to_contain_text("package")
    assert await faults_in(page, OPPOSITE_LOOKS) == {}
    assert seen.errors == []


async def test_an_admin_trusts_a_runbook_less_with_a_reason_and_more_only_as_the_policy_lets_them(
    looped: Looped, open_page: OpenPage
) -> None:
    page, _ = await open_page("about:blank")
    await settles(page, f"{looped.agent.url}/runbooks/certificate-expiry")
    before = await page.locator("[data-level]").inner_text()
    assert before == "approve"

    async def change(level: str) -> Locator:
        await page.get_by_role("button", name="Change its level").click()
        dialog = page.get_by_role("dialog")
        await expect(dialog.get_by_role("button", name="Change it")).to_be_disabled()
        await dialog.get_by_label("Level").select_option(level)
        await dialog.get_by_label("Why").fill("We try it")
        return dialog

    dialog = await change("automatic")
    assert await faults_in(page, OPPOSITE_LOOKS) == {}
    await dialog.get_by_role("button", name="Change it").click()
    await expect(dialog.get_by_role("alert")).to_be_visible(timeout=SOON_MS)
    await dialog.get_by_role("button", name="Leave it as it is").click()
    await expect(page.locator("[data-level]")).to_have_attribute("data-level", "approve")
    dialog = await change("observe")
    await dialog.get_by_role("button", name="Change it").click()
    await expect(page.locator("[data-level]")).to_have_attribute("data-level", "observe", timeout=SOON_MS)
    await expect(page.locator(".trust")).to_contain_text("We try it")
    await expect(page.locator(".auto-chip").first).to_have_text("Observes")


async def test_who_may_not_read_the_audit_is_told_which_role_is_missing(looped: Looped, open_page: OpenPage) -> None:
    token = await token_of(looped, "passer-by", "viewer")
    page = await open_as(looped, open_page, token, "/policy?view=audit")
    await expect(page.locator(".policy .panel")).to_contain_text("Needs auditor; you have viewer")
    await expect(page.locator("[data-entry]")).to_have_count(0)
    assert await faults_in(page, OPPOSITE_LOOKS) == {}


async def test_the_kill_switch_is_seen_everywhere_and_let_go_again(looped: Looped, open_page: OpenPage) -> None:
    page, run = await at_plan(looped, open_page, "note")
    other, _ = await open_page("about:blank")
    await settles(other, f"{looped.agent.url}/runbooks")
    await other.get_by_role("button", name="Stop all runs").click()
    dialog = other.get_by_role("dialog")
    await expect(dialog.get_by_role("button", name="Stop all", exact=True)).to_be_disabled()
    await dialog.get_by_label("Reason").fill("It makes things worse")
    assert await faults_in(other, OPPOSITE_LOOKS) == {}
    await dialog.get_by_role("button", name="Stop all", exact=True).click()
    await expect(other.locator(".all-stopped")).to_contain_text("It makes things worse")
    assert await faults_in(other, OPPOSITE_LOOKS) == {}
    try:
        await sign(page)
        await expect(page.locator(".signature .refusal")).to_contain_text("kill switch", timeout=SOON_MS)
        await expect(page.locator(".all-stopped")).to_contain_text("It makes things worse")
        assert (await looped.run(run["id"]))["status"] == "awaiting_approval"
    finally:
        await other.get_by_role("button", name="Resume").click()
    await expect(other.locator(".all-stopped")).to_have_count(0)
    await sign(page)
    await expect(page.locator("[data-given=local]")).to_be_visible(timeout=SOON_MS)
    await looped.over(run)


async def test_a_run_that_is_stopped_shows_what_was_done_and_what_was_not(looped: Looped, open_page: OpenPage) -> None:
    page, run = await at_plan(looped, open_page, "gift")
    alpha = looped.lab.clusters["alpha"]
    alpha.hang()
    try:
        await sign(page)
        await expect(page.locator("[data-run-status=running]").first).to_be_visible(timeout=SOON_MS)
        assert await faults_in(page, OPPOSITE_LOOKS) == {}
        await page.get_by_role("button", name="Stop now").click()
        await expect(page.locator(".run-stop")).to_contain_text("local asked to stop it now", timeout=SOON_MS)
    finally:
        alpha.unhang()
    await expect(page.locator("[data-run-status=cancelled]").first).to_be_visible(timeout=LATER_MS)
    outcome = page.locator(".outcome")
    await expect(outcome).to_contain_text("Not begun")
    assert (await looped.run(run["id"]))["status"] == "cancelled"
    assert await faults_in(page, OPPOSITE_LOOKS) == {}


async def test_a_runbook_that_did_not_help_twice_is_no_longer_offered_and_says_so(
    looped: Looped, open_page: OpenPage
) -> None:
    await set_image(looped.lab, "alpha", "search", LEAKY)
    page, _ = await open_page("about:blank")
    known: set[str] = set()
    run: Found = {}
    for _ in range(2):
        run = await looped.plan_for("search", "raise-limit", skip=frozenset(known))
        known.add(run["id"])
        await settles(page, f"{looped.agent.url}/executions/{run['id']}")
        await sign(page, "Perhaps it helps")
        await expect(page.locator("[data-verdict=ineffective]")).to_be_visible(timeout=LATER_MS)
    await settles(page, f"{looped.agent.url}/incidents/{run['incident_id']}")
    await expect(page.locator(".stage-failed", has_text="Raise the limit").first).to_contain_text("ineffective")
    assert await faults_in(page, OPPOSITE_LOOKS) == {}
    await settles(page, f"{looped.agent.url}/executions/{run['id']}")
    await page.get_by_role("button", name="Plan for approval").click()
    await expect(page.locator(".incident-actions .refusal")).to_contain_text("twice", timeout=SOON_MS)


@pytest.mark.parametrize(
    "path", ["/runbooks", "/runbooks/pod-oom", "/runbooks/nothing", "/executions/exe_nothing", "/runbooks?q=zzz&x=1"]
)
async def test_a_page_of_runbooks_has_no_fault(looped: Looped, open_page: OpenPage, path: str) -> None:
    page, _ = await open_page("about:blank")
    await settles(page, looped.agent.url + path)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await faults_in(page) == {}


async def test_a_plan_that_expires_on_the_screen_takes_its_button_with_it(tmp_path: Path, open_page: OpenPage) -> None:
    async with open_loop(tmp_path, approval_expires="8s") as looped:
        page, run = await at_plan(looped, open_page, "cart")
        await page.get_by_label("Reason").fill("In time")
        await expect(sign_button(page)).to_be_enabled()
        await expect(sign_button(page)).to_be_hidden(timeout=LATER_MS)
        await expect(page.locator(".signature")).to_contain_text(re.compile("expired", re.IGNORECASE))
        signed = {"plan_hash": run["plan"]["hash"], "reason": "too late"}
        assert (await looped.told(f"executions/{run['id']}/approve", signed)).status_code == 409


async def test_a_page_goes_on_where_the_journal_was_when_the_agent_is_killed_in_the_middle(
    tmp_path: Path, open_page: OpenPage
) -> None:
    async with open_loop(tmp_path, settle="5s") as looped:
        page, run = await at_plan(looped, open_page, "cart")
        await sign(page)
        await expect(page.locator("[data-settling]")).to_be_visible(timeout=SOON_MS)
        await looped.agent.process.kill()
        await expect(page.locator('[data-live="Disconnected"]')).to_be_visible(timeout=SOON_MS)
        await expect(page.locator("[data-step-state=done]").first).to_be_visible()
        await looped.agent.start()
        await expect(page.locator("[data-verdict=effective]")).to_be_visible(timeout=LATER_MS)
        steps = (await looped.run(run["id"]))["steps"]
        assert [step["tries"] for step in steps] == [1] * len(steps)
