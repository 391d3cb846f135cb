"""Lays ``KRONVEIL__AGENT__LOG_LEVEL=debug`` over ``agent.log_level`` of the file."""

from collections.abc import Mapping

from kronveil.config.document import Document, KeyPath, Place, is_list, is_section, parse_value
from kronveil.config.shape import Shape

PREFIX = "KRONVEIL__"
# Where the cloud tools' own variables count, in this order; only for a section that the operator wrote.
FALLBACKS: Mapping[KeyPath, tuple[str, ...]] = {
    ("collectors", "azure", "subscription_ids"): ("AZURE_SUBSCRIPTION_ID",),
    ("collectors", "gcp", "project_ids"): ("GCP_PROJECT_ID", "GOOGLE_CLOUD_PROJECT"),
}


def overlay(document: Document, shape: Shape, environ: Mapping[str, str]) -> None:
    """Set in the document's tree what the environment says; what it says wrongly becomes a problem."""
    for name in sorted(environ):
        if name.upper().startswith(PREFIX):
            _Setting(document, name, environ[name]).apply(shape)


def fall_back(document: Document, environ: Mapping[str, str]) -> None:
    """Take cloud ids from the clouds' own variables where the section is there and names none."""
    for path, names in FALLBACKS.items():
        section: object = document.tree
        for part in path[:-1]:
            section = section.get(str(part)) if is_section(section) else None
        found = next((name for name in names if environ.get(name)), None)
        if is_section(section) and not section.get(str(path[-1])) and found:
            section[str(path[-1])] = [environ[found]]
            document.places[path] = document.places[*path, 0] = Place(f"environment {found}")


class _Setting:
    """One variable on its way into the tree."""

    def __init__(self, document: Document, name: str, text: str) -> None:
        self.document = document
        self.place = Place(f"environment {name}")
        self.parts = name[len(PREFIX) :].lower().split("__")
        self.text = text

    def apply(self, shape: Shape) -> None:
        node: object = self.document.tree
        here: Shape | None = shape
        path: KeyPath = ()
        for index, part in enumerate(self.parts):
            is_last = index == len(self.parts) - 1
            step = int(part) if is_list(node) and part.isdecimal() else part
            if not part or not _can_hold(node, step):
                self._refuse((*path, step), "the environment names a key where none can be.")
                return
            path = (*path, step)
            here = here.at(step) if here else None
            if is_last:
                value = self._value(path, here)
                self._put(node, step, value)
                self._claim(path, value)
            else:
                node = self._step_into(node, step, path)

    def _step_into(self, node: object, step: str | int, path: KeyPath) -> object:
        inner: object = node[step] if is_list(node) and isinstance(step, int) else None
        if is_section(node):
            inner = node.get(str(step))
        if inner is None:
            inner = {}
            self._put(node, step, inner)
            self.document.places[path] = self.place
        return inner

    def _put(self, node: object, step: str | int, value: object) -> None:
        # _can_hold has matched the step to the node.
        if is_section(node):
            node[str(step)] = value
        elif is_list(node) and isinstance(step, int):
            node[step] = value

    def _claim(self, path: KeyPath, value: object) -> None:
        """Make this variable the place of the value and of all inside it, in place of what it replaced."""
        for old in [one for one in self.document.places if one[: len(path)] == path]:
            del self.document.places[old]
        inner: list[tuple[KeyPath, object]] = [((), value)]
        while inner:
            below, one = inner.pop()
            self.document.places[(*path, *below)] = self.place
            if is_section(one):
                inner += [((*below, key), deeper) for key, deeper in one.items()]
            elif is_list(one):
                inner += [((*below, index), deeper) for index, deeper in enumerate(one)]

    def _value(self, path: KeyPath, shape: Shape | None) -> object:
        """Read the text as what belongs there; a text stays a text, whatever it looks like."""
        if shape is None:
            return self.text
        if shape.is_optional and self.text.strip() in ("", "null"):
            return None
        if shape.kind == "list" and not self.text.lstrip().startswith("["):
            return [part.strip() for part in self.text.split(",") if part.strip()]
        if shape.kind not in ("list", "section", "integer", "number", "flag"):
            return self.text
        try:
            return parse_value(self.text)
        except ValueError:
            self._refuse(path, "the value cannot be read.")
            return None

    def _refuse(self, path: KeyPath, message: str) -> None:
        self.document.places[path] = self.place
        self.document.report(path, message)


def _can_hold(node: object, step: str | int) -> bool:
    if is_list(node):
        return isinstance(step, int) and step < len(node)
    return is_section(node)
