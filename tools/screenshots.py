"""Takes the README's pictures of a running demo, so that they show what the code does and nothing else.

usage: python tools/screenshots.py  (needs Chromium; see tools/install_chromium.py)
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "images"
OFFSET = 700
API = f"http://127.0.0.1:{8080 + OFFSET}/api/v1"
CONSOLE = f"http://127.0.0.1:{3000 + OFFSET}"
CHROMIUM = os.environ.get("KRONVEIL_CHROMIUM", "/usr/bin/chromium")
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--disable-quic", "--no-first-run")  # fmt: skip


def waiting_plans(runbook: str) -> list[dict[str, str]]:
    """The plans of a runbook that wait for a signature; none while the demo is starting."""
    try:
        with urllib.request.urlopen(f"{API}/executions?runbook_id={runbook}", timeout=2) as answer:
            return [each for each in json.load(answer)["items"] if each["status"] == "awaiting_approval"]
    except OSError:
        return []


def wait_for_plan(runbook: str, within_s: float) -> dict[str, str]:
    """The demo's own pace decides; give up when it takes too long."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if found := waiting_plans(runbook):
            return found[0]
        time.sleep(0.5)
    sys.exit(f"the demo showed no plan of {runbook} within {within_s:.0f} s")


def take(page: Page, path: str, name: str) -> None:
    """One picture of one page, once its data has come."""
    page.goto(CONSOLE + path)
    page.wait_for_selector("text=clusters reporting")
    page.wait_for_timeout(1500)
    page.screenshot(path=PICTURES / name)
    print(f"  docs/images/{name}")


def main() -> None:
    """Play the demo in a state folder of its own and look at it."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="kronveil-pictures-") as state:
        command = [
            str(Path(sys.executable).with_name("kronveil")),
            "demo",
            "--no-browser",
            "--port-offset",
            str(OFFSET),
        ]
        demo = subprocess.Popen(command, env={**os.environ, "XDG_STATE_HOME": state}, stdout=subprocess.DEVNULL)
        try:
            plan = wait_for_plan("pod-oom", within_s=120)
            time.sleep(4)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
                page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme="dark")
                take(page, "/", "overview.png")
                take(page, f"/incidents/{plan['incident_id']}", "incident.png")
                take(page, f"/executions/{plan['id']}", "plan.png")
                browser.close()
        finally:
            demo.send_signal(signal.SIGINT)
            demo.wait(timeout=10)


if __name__ == "__main__":
    main()
