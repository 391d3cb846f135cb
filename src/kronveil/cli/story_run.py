"""Plays one story to a whole agent in a folder of its own and notes the incidents it opened."""

import json
import os
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import httpx2

from kronveil.app import running
from kronveil.config import Config, load
from kronveil.lab import UNSCALED_S, Finding, Scorecard, Story, open_lab, score

RESOLVE_AFTER_S = 10
POLL_S = 0.25


async def play_to_the_agent(story: Story, seed: int, speed: float) -> Scorecard:
    """The scorecard of a story, played ``speed`` times as fast as it is written."""
    with tempfile.TemporaryDirectory(prefix="kronveil-lab-") as folder:
        kubeconfig = Path(folder) / "kubeconfig"
        config = _configuration(story, Path(folder), kubeconfig, speed)
        async with open_lab(story, seed=seed, speed=speed) as lab:
            lab.write_kubeconfig(kubeconfig)
            began = datetime.now(UTC)
            async with running(config) as listeners, httpx2.AsyncClient(trust_env=False) as client:
                await anyio.sleep(story.duration_s / speed)
                with anyio.move_on_after(RESOLVE_AFTER_S * 2 / speed + UNSCALED_S):
                    await _until_all_are_over(client, listeners[0].url)
                incidents = await _incidents(client, listeners[0].url)
    # What happens in several clusters at once has one incident over it: its children are the findings.
    findings = [_finding(each, began) for each in incidents if not each["children"]]
    return score(story, findings, speed=speed)


async def _until_all_are_over(client: httpx2.AsyncClient, url: str) -> None:
    incidents = await _incidents(client, url)
    while any(each["resolved_at"] is None for each in incidents):
        await anyio.sleep(POLL_S)
        incidents = await _incidents(client, url)


async def _incidents(client: httpx2.AsyncClient, url: str) -> Sequence[dict[str, Any]]:
    answer = await client.get(f"{url}/api/v1/incidents", params={"limit": 500})
    answer.raise_for_status()
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def _finding(incident: dict[str, Any], began: datetime) -> Finding:
    resource, resolved_at = incident["resource"], incident["resolved_at"]
    namespace = f"{resource['namespace']}/" if resource["namespace"] else ""
    return Finding(
        kind=incident["kind"],
        cluster=incident["clusters"][0]["name"],
        owner=f"{namespace}{resource['name']}",
        opened_after_s=_seconds_since(began, incident["opened_at"]),
        resolved_after_s=None if resolved_at is None else _seconds_since(began, resolved_at),
    )


def _seconds_since(began: datetime, stamp: str) -> float:
    return (datetime.fromisoformat(stamp) - began).total_seconds()


def _configuration(story: Story, folder: Path, kubeconfig: Path, speed: float) -> Config:
    """An ordinary configuration whose times are shortened as the story's are; ports are the kernel's choice."""
    clusters = [
        {"name": cluster.name, "kubeconfig_path": str(kubeconfig), "context": cluster.name}
        for cluster in story.clusters
    ]
    text = {
        "agent": {"data_dir": str(folder / "data"), "log_level": "error"},
        "listen": {"api": 0, "dashboard": None, "prometheus": None, "health": None},
        "collectors": {
            "kubernetes": {
                "poll_interval": _scaled(5, speed),
                "stale_after": _scaled(15, speed),
                "unreachable_after": _scaled(45, speed),
                "clusters": clusters,
            }
        },
        "incidents": {"resolve_after": _scaled(RESOLVE_AFTER_S, speed)},
    }
    file = folder / "kronveil.yaml"
    file.write_text(json.dumps(text), encoding="utf-8")  # JSON is YAML
    return load(file, {"HOME": os.environ.get("HOME", str(folder))})


def _scaled(seconds: float, speed: float) -> str:
    return f"{max(100, round(seconds / speed * 1000))}ms"
