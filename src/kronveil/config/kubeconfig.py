"""What the user's kubeconfig files offer: names of contexts, never their credentials. Used by `scaffold`."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from kronveil.config.document import is_list, is_section, read_document
from kronveil.config.places import home


@dataclass(frozen=True, slots=True)
class KubeContext:
    """One context of a kubeconfig.

    ``is_whole`` says that its cluster and user stand in the same file, so that the file alone is enough to use it.
    ``server`` tells contexts of one cluster from those of another.
    """

    name: str
    path: Path
    server: str
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Kubeconfigs:
    """The contexts found, in order and each name once, and in words what could not be read."""

    contexts: tuple[KubeContext, ...]
    trouble: tuple[str, ...]


def kubeconfig_paths(environ: Mapping[str, str]) -> list[Path]:
    """Give the files that kubectl would read: those of ``KUBECONFIG``, else ``~/.kube/config``."""
    named = [Path(part) for part in environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    return named or [home(environ) / ".kube" / "config"]


def read_kubeconfigs(paths: Iterable[Path]) -> Kubeconfigs:
    """Read the contexts. As in kubectl the first of two equal names counts, and a missing file is no trouble."""
    trees: list[tuple[Path, Mapping[str, object]]] = []
    trouble: list[str] = []
    for path in paths:
        if not path.exists():
            continue
        document = read_document(path)
        trouble += [str(problem) for problem in document.problems]
        trees.append((path, document.tree))
    servers = _first_of_each(_servers(tree) for _, tree in trees)
    found: dict[str, KubeContext] = {}
    for path, tree in trees:
        users = _named(tree, "users", "user")
        for name, context in _named(tree, "contexts", "context").items():
            cluster, user = str(context.get("cluster")), str(context.get("user"))
            is_whole = cluster in _servers(tree) and user in users
            found.setdefault(name, KubeContext(name, path, servers.get(cluster, cluster), is_whole))
    return Kubeconfigs(tuple(found.values()), tuple(trouble))


def _servers(tree: Mapping[str, object]) -> dict[str, str]:
    return {name: str(cluster.get("server")) for name, cluster in _named(tree, "clusters", "cluster").items()}


def _named(tree: Mapping[str, object], key: str, inner: str) -> dict[str, Mapping[str, object]]:
    """Read kubeconfig's lists of ``{name: ..., <inner>: {...}}``; entries of another form are skipped."""
    entries = tree.get(key)
    found: dict[str, Mapping[str, object]] = {}
    for entry in entries if is_list(entries) else ():
        if is_section(entry) and isinstance(name := entry.get("name"), str):
            content = entry.get(inner)
            found.setdefault(name, content if is_section(content) else {})
    return found


def _first_of_each(maps: Iterable[Mapping[str, str]]) -> dict[str, str]:
    merged: dict[str, str] = {}
    for one in maps:
        merged = {**one, **merged}
    return merged
