"""What a pod's containers wrote, as the API server passes it on from their kubelet."""

from starlette.datastructures import QueryParams

from kronveil.lab.kinds import JsonObject
from kronveil.lab.server.answers import bad_request


def log_of(pod: JsonObject, query: QueryParams) -> str:
    """When its containers started, and how they ended before. Raises ApiError 400 for what there is no log of."""
    name, wanted = pod["metadata"]["name"], query.get("container", "")
    statuses = [each for each in pod["status"].get("containerStatuses", []) if not wanted or each["name"] == wanted]
    if wanted and wanted not in [each["name"] for each in pod["spec"]["containers"]]:
        raise bad_request(f"container {wanted} is not valid for pod {name}")
    if query.get("previous") == "true":
        ended = [line for each in statuses for line in _ended(each)]
        if not ended:
            raise bad_request(f'previous terminated container "{wanted}" in pod "{name}" not found')
        return _tail(ended, query)
    lines: list[str] = []
    for status in statuses:
        lines += _ended(status)
        if "running" in status["state"]:
            lines.append(f"{status['state']['running']['startedAt']} {status['name']} listening")
    return _tail(lines, query)


def _ended(status: JsonObject) -> list[str]:
    ended = status["lastState"].get("terminated") or status["state"].get("terminated")
    if not ended:
        return []
    return [f"{ended['finishedAt']} {status['name']} ended: {ended['reason']} ({ended['exitCode']})"]


def _tail(lines: list[str], query: QueryParams) -> str:
    last = query.get("tailLines", "")
    kept = lines[max(0, len(lines) - int(last)) :] if last.isdecimal() else lines
    return "".join(f"{line}\n" for line in kept)
