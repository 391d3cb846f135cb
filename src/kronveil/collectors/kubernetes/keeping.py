"""One kind's shelf in one namespace (or all): every object read goes through here, and is counted once."""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

import msgspec

from kronveil.collectors.kubernetes.kinds import Kind
from kronveil.collectors.kubernetes.outbox import Outbox
from kronveil.collectors.kubernetes.translate.kept import Kept, Moment, Shelves, gone, version_of
from kronveil.collectors.kubernetes.wire import Metadata, PodOutline


class Keeping:
    """Compares with what is kept, keeps what is new, and tells the outbox."""

    def __init__(self, kind: Kind, namespace: str | None, shelves: Shelves, outbox: Outbox) -> None:
        self._kind = kind
        self._namespace = namespace
        self._shelves = shelves
        self._shelf = shelves.of(kind.name)
        self._outbox = outbox
        self.trusts_versions = True
        """Not after a store was restored: it gives versions anew that it had given before, to other contents."""

    def take(self, item: Any, moment: Moment) -> bool:
        """Keep an object of a list; whether there was something to report."""
        return self._take(item, self._shelf.get(item.metadata.uid), moment)

    def take_listed(self, items: Sequence[Any], seen: set[str], moment: Moment) -> tuple[int, int]:
        """Keep a list's objects, and note whom it has ``seen``; how many were news, and how many cannot be read.

        One that is kept at this very version costs a glance: of what is listed again nearly all are.
        """
        find, note, tells = self._shelf.get, seen.add, self._version_tells()
        known = news = unread = 0
        for item in items:
            metadata = item.metadata
            note(uid := metadata.uid)
            before = find(uid)
            if tells is not None and before and before.version == version_of(metadata) != 0 and tells(before):
                known += 1
                continue
            try:
                whole = item.whole() if isinstance(item, PodOutline) else item
            except msgspec.DecodeError:
                self._outbox.dropped("undecodable")
                unread += 1
                continue
            news += self._take(whole, before, moment)
        if known:
            self._outbox.unchanged(known)
        return news, unread

    def _version_tells(self) -> Callable[[Kept], bool] | None:
        """Whether an object of the kept version is as it is kept; None where a version proves nothing."""
        by_version = self._kind.by_version if self.trusts_versions else "no"
        if by_version == "no":
            return None
        return _always if by_version == "yes" else _has_owner

    def take_changed(self, item: Any, moment: Moment) -> None:
        """Keep an object of a watch, unless what is kept is newer: frames may be sent again, or out of order."""
        metadata = item.metadata
        before = self._shelf.get(metadata.uid)
        if before is not None and version_of(metadata) < before.version:
            self._outbox.unchanged()
            return
        self._take(item, before, moment)

    def take_deleted(self, metadata: Metadata, moment: Moment) -> None:
        """Forget an object that the watch says is deleted."""
        kept = self._shelves.remove(self._kind.name, metadata.uid)
        if kept is None or not self._kind.is_told:
            self._outbox.unchanged()
            return
        self._outbox.observed(gone(kept, metadata.resource_version, moment.now))

    def take_away(self, seen: AbstractSet[str], version: str, now: datetime) -> int:
        """Forget what is not among those of a complete list: it was deleted meanwhile. How many there were."""
        unseen = self._shelf.keys() - seen
        missing = [uid for uid in unseen if self._namespace in (None, self._shelf[uid].resource.namespace)]
        for uid in missing:
            kept = self._shelves.remove(self._kind.name, uid)
            if kept is not None and self._kind.is_told:
                self._outbox.unsourced(gone(kept, version, now, "deleted while it was not watched"))
        return len(missing)

    def _take(self, item: Any, before: Kept | None, moment: Moment) -> bool:
        kept, observation = self._kind.translate(item, before, self._shelves, moment)
        if kept is not before:
            self._shelf[kept.resource.uid] = kept
        if observation is None:
            self._outbox.unchanged()
            return False
        self._outbox.observed(observation)
        return True


def _always(_: Kept) -> bool:
    return True


def _has_owner(kept: Kept) -> bool:
    return kept.owner is not None and bool(kept.owner.uid)
