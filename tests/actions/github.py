"""A small GitHub: repositories with branches, files and pull requests, answering the calls that actions make."""

import base64
import json
from hashlib import sha1
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.receiver import Received, Said

REPOSITORY = "my-org/deployments"
TOKEN = "github-token-zq7"
MAIN = "main"


class GitHubState:
    """One repository."""

    def __init__(self, files: dict[str, str]) -> None:
        self.branches: dict[str, dict[str, str]] = {MAIN: dict(files)}
        self.pulls: list[dict[str, Any]] = []
        self.acts = 0
        self.loses = False

    def answer(self, request: Received) -> Said:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return Said(401)
        parts = urlsplit(request.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        path = unquote(parts.path).removeprefix(f"/repos/{REPOSITORY}").strip("/").split("/")
        status, body = self._answer(request, path, query)
        is_act = request.method != "GET" and status < 300
        self.acts += is_act
        loses = self.loses and is_act
        self.loses = self.loses and not loses
        return Said(status, json.dumps(body).encode(), is_lost=loses)

    def _answer(self, request: Received, path: list[str], query: dict[str, str]) -> tuple[int, Any]:  # noqa: PLR0911
        match request.method, path:
            case "GET", [""]:
                return 200, {"default_branch": MAIN}
            case "GET", ["contents", *name]:
                return self._file(query["ref"], "/".join(name))
            case "GET", ["git", "ref", "heads", *name]:
                return 200, {"object": {"sha": _sha(json.dumps(self.branches["/".join(name)]))}}
            case "POST", ["git", "refs"]:
                return self._branch(request.json["ref"].removeprefix("refs/heads/"))
            case "DELETE", ["git", "refs", "heads", *name]:
                return (204, None) if self.branches.pop("/".join(name), None) is not None else (422, {})
            case "PUT", ["contents", *name]:
                return self._write("/".join(name), request.json)
            case "GET", ["pulls"]:
                head = query["head"].partition(":")[2]
                return 200, [pull for pull in self.pulls if pull["head"] == head]
            case "POST", ["pulls"]:
                return self._pull(request.json)
            case "PATCH", ["pulls", number]:
                self.pulls[int(number) - 1]["state"] = request.json["state"]
                return 200, self.pulls[int(number) - 1]
        return 404, {}

    def _file(self, branch: str, name: str) -> tuple[int, Any]:
        text = self.branches.get(branch, {}).get(name)
        if text is None:
            return 404, {}
        content = base64.encodebytes(text.encode()).decode()
        return 200, {"type": "file", "encoding": "base64", "size": len(text), "content": content, "sha": _sha(text)}

    def _branch(self, name: str) -> tuple[int, Any]:
        if name in self.branches:
            return 422, {"message": "Reference already exists"}
        self.branches[name] = dict(self.branches[MAIN])
        return 201, {}

    def _write(self, name: str, told: dict[str, Any]) -> tuple[int, Any]:
        files = self.branches[told["branch"]]
        if _sha(files[name]) != told["sha"]:
            return 409, {"message": "does not match"}
        files[name] = base64.b64decode(told["content"]).decode()
        return 200, {}

    def _pull(self, told: dict[str, Any]) -> tuple[int, Any]:
        if any(pull["head"] == told["head"] and pull["state"] == "open" for pull in self.pulls):
            return 422, {"message": "A pull request already exists"}
        number = len(self.pulls) + 1
        url = f"https://github.test/{REPOSITORY}/pull/{number}"
        self.pulls.append({**told, "number": number, "state": "open", "html_url": url, "merged_at": None})
        return 201, self.pulls[-1]


def _sha(text: str) -> str:
    return sha1(text.encode(), usedforsecurity=False).hexdigest()
