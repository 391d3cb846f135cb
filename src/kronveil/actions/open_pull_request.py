"""Propose a change where it lasts: a pull request to the repository that a GitOps tool keeps the target like.

One for each change: the branch is named by what would be changed, so that the same change is never proposed twice, and
what a person closed is not opened again.
"""

import base64
import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from kronveil.actions.kubernetes_object import as_texts
from kronveil.actions.manifests import LONGEST, with_fields
from kronveil.actions.sections import is_list, is_object
from kronveil.model.execution import Check, Effect, StepPlan, Target
from kronveil.sdk.actions import ActionComponent, Means, Outcome, Parameter, Step
from kronveil.sdk.errors import Permanent, Transient
from kronveil.sdk.outgoing import Answer, Request, send
from kronveil.sdk.outside import AllowedRepositories

BRANCHES = "kronveil"
LONGEST_ANSWER = 2 * 2**20


class OpenPullRequest:
    """See ``Action``. Parameters: ``repository``, ``path``, ``set``, ``base`` (the repository's default branch)."""

    def __init__(self, means: Means) -> None:
        self._github = None if means.outside.github is None else GitHub(means.outside.github)

    async def rehearse(self, step: Step, target: Target) -> StepPlan:
        """See ``Action.rehearse``."""
        github, (repository, path, fields) = self._allowed(), _told(step)
        github.permits(repository)
        base = step.parameters.get("base") or (await github.get(f"/repos/{repository}"))["default_branch"]
        found = await github.get(f"/repos/{repository}/contents/{quote(path)}", {"ref": str(base)})
        text = _content(found)
        changed, diffs = with_fields(text, fields, target.resource)
        details = {
            "repository": repository,
            "path": path,
            "base": str(base),
            "sha": str(found["sha"]),
            "content": changed,
            "title": f"Kronveil: {step.incident.resource.kind} {step.incident.resource.name}: {', '.join(fields)}"[
                :200
            ],
            "incident": step.incident.id,
        }
        return StepPlan(
            name=step.name,
            action=step.action,
            effect=Effect.MUTATE,
            target=None,
            parameters=as_texts(step.parameters),
            summary=f"open a pull request that changes {path} in {repository}",
            diff=tuple(diffs),
            checks=(Check("repository", "passed", f"{path} is there on {base} and can be changed"),),
            blast_radius=("nothing in a cluster changes until somebody merges it",),
            undo="close it and delete its branch",
            details=details,
        )

    async def perform(self, plan: StepPlan, key: str) -> Outcome:  # noqa: ARG002 - the branch's name makes it happen once
        """See ``Action.perform``."""
        github, details, branch = self._allowed(), plan.details or {}, _branch(plan)
        repository = details["repository"]
        github.permits(repository)
        existing = await self._existing(plan)
        if existing is not None:
            if existing["state"] != "open" and not existing.get("merged_at"):
                raise Permanent(f"somebody closed this very change before: {existing['html_url']}")
            return _opened(existing, was_done_before=True)
        head = await github.get(f"/repos/{repository}/git/ref/heads/{quote(details['base'])}")
        made = {"ref": f"refs/heads/{branch}", "sha": head["object"]["sha"]}
        # 422: the branch is there already, made before an answer was lost.
        await github.ask("POST", f"/repos/{repository}/git/refs", made, fine=(422,))
        await self._write(plan, branch)
        asked = {"title": details["title"], "head": branch, "base": details["base"], "body": _body(plan)}
        answer = await github.ask("POST", f"/repos/{repository}/pulls", asked, fine=(422,))
        found = json.loads(answer.body) if answer.status != 422 else await self._existing(plan)
        if found is None:
            raise Permanent(f"{repository} takes no pull request from {branch}")
        return _opened(found)

    async def compensate(self, plan: StepPlan, key: str) -> Outcome:  # noqa: ARG002 - what is closed stays closed
        """See ``Action.compensate``."""
        github, repository = self._allowed(), (plan.details or {})["repository"]
        existing = await self._existing(plan)
        if existing is None or existing["state"] != "open":
            return Outcome("the pull request is not open any more", has_changed=True, was_done_before=True)
        number = int(existing["number"])
        await github.ask("PATCH", f"/repos/{repository}/pulls/{number}", {"state": "closed"})
        await github.ask("DELETE", f"/repos/{repository}/git/refs/heads/{_branch(plan)}", None, fine=(404, 422))
        return Outcome(f"closed {existing['html_url']}", has_changed=True)

    async def _existing(self, plan: StepPlan) -> Mapping[str, Any] | None:
        github, repository = self._allowed(), (plan.details or {})["repository"]
        head = f"{repository.partition('/')[0]}:{_branch(plan)}"
        found = await github.get(f"/repos/{repository}/pulls", {"head": head, "state": "all"})
        return found[0] if found else None

    async def _write(self, plan: StepPlan, branch: str) -> None:
        """Commit the file to the branch, unless that was done before."""
        github, details = self._allowed(), plan.details or {}
        address = f"/repos/{details['repository']}/contents/{quote(details['path'])}"
        now = await github.get(address, {"ref": branch})
        if _content(now) == details["content"]:
            return
        if now["sha"] != details["sha"]:
            raise Permanent(f"{details['path']} is not what was planned for: it was changed in the repository since")
        commit = {
            "message": details["title"],
            "content": base64.b64encode(details["content"].encode()).decode(),
            "sha": details["sha"],
            "branch": branch,
        }
        await github.ask("PUT", address, commit)

    def _allowed(self) -> "GitHub":
        if self._github is None:
            raise Permanent("no repository is allowed (runbooks.github: {token: ..., repositories: [owner/name]})")
        return self._github


class GitHub:
    """The few calls of GitHub's REST API that this needs."""

    def __init__(self, allowed: AllowedRepositories) -> None:
        self._allowed = allowed

    def permits(self, repository: str) -> None:
        """Raise Permanent for a repository that is not written down."""
        if repository not in self._allowed.repositories:
            there = ", ".join(self._allowed.repositories) or "none"
            raise Permanent(f"{repository} is not among runbooks.github.repositories ({there})")

    async def get(self, path: str, asked: Mapping[str, str] | None = None) -> Any:
        """What is there, as JSON."""
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in (asked or {}).items())
        answer = await self.ask("GET", f"{path}?{query}" if query else path, None)
        try:
            return json.loads(answer.body)
        except ValueError:
            raise Transient("what the repository's API answers cannot be read") from None

    async def ask(
        self, method: str, path: str, body: Mapping[str, Any] | None, *, fine: tuple[int, ...] = ()
    ) -> Answer:
        """The answer, if it is a good one or one of ``fine``. Raises Transient, Permanent."""
        headers = {
            "accept": "application/vnd.github+json",
            "authorization": f"Bearer {self._allowed.token.reveal()}",
            "user-agent": "kronveil",
            "x-github-api-version": "2022-11-28",
        }
        content = None if body is None else json.dumps(body).encode()
        request = Request(method, f"{self._allowed.api_url.rstrip('/')}{path}", headers, content)
        answer = await send(request, longest=LONGEST_ANSWER)
        if answer.status < 300 or answer.status in fine:
            return answer
        words = f"the repository's API answers {answer.status} to {method} {path.partition('?')[0]}"
        if answer.status in (429, 502, 503, 504) or answer.status >= 500:
            raise Transient(words, retry_after=answer.retry_after)
        hint = {401: ": look at runbooks.github.token", 403: ": the token may not do that", 404: ": it is not there"}
        raise Permanent(words + hint.get(answer.status, ""))


def _told(step: Step) -> tuple[str, str, Mapping[str, Any]]:
    repository, path, fields = (step.parameters.get(name) for name in ("repository", "path", "set"))
    if not isinstance(repository, str) or repository.count("/") != 1:
        raise Permanent(f"{step.name}: repository must be written as owner/name")
    if not isinstance(path, str) or not path or path.startswith("/") or ".." in path.split("/"):
        raise Permanent(f"{step.name}: path must be a file's path inside the repository")
    if not is_object(fields) or not fields:
        raise Permanent(f"{step.name}: set must name the fields to change, as spec.replicas: 3")
    if any(is_object(value) or is_list(value) for value in fields.values()):
        raise Permanent(f"{step.name}: set takes single values, not sections or lists")
    return repository, path, {str(name): value for name, value in fields.items()}


def _content(found: Mapping[str, Any]) -> str:
    if found.get("type") != "file" or found.get("encoding") != "base64" or found.get("size", 0) > LONGEST:
        raise Permanent("that is no file that could be changed here")
    return base64.b64decode(str(found["content"])).decode()


def _branch(plan: StepPlan) -> str:
    details = plan.details or {}
    same = json.dumps([details[name] for name in ("repository", "path", "base", "sha", "content")])
    return f"{BRANCHES}/{sha256(same.encode()).hexdigest()[:16]}"


def _body(plan: StepPlan) -> str:
    lines = [
        f"Proposed by Kronveil for incident `{(plan.details or {})['incident']}`.",
        "",
        "| field | is | is to be |",
    ]
    lines += ["|---|---|---|", *(f"| `{each.path}` | `{each.before}` | `{each.after}` |" for each in plan.diff)]
    return "\n".join(lines)


def _opened(found: Mapping[str, Any], *, was_done_before: bool = False) -> Outcome:
    findings = {"url": json.dumps(found["html_url"]), "number": json.dumps(found["number"])}
    words = f"pull request {found['number']}: {found['html_url']}"
    return Outcome(words, has_changed=True, was_done_before=was_done_before, findings=findings)


component = ActionComponent(
    name="open_pull_request",
    summary="Propose a change to the repository that a GitOps tool keeps the target like.",
    effect=Effect.MUTATE,
    takes=(
        Parameter("repository", "text", "As owner/name, one of `runbooks.github.repositories`.", is_required=True),
        Parameter("path", "text", "The manifest's file in it.", is_required=True),
        Parameter("set", "section", "The fields to change, by path: `spec.replicas: 3`.", is_required=True),
        Parameter("base", "text", "The branch that is to be changed.", "the repository's default branch"),
    ),
    make=OpenPullRequest,
    is_reversible=True,
)
