"""Who is calling: a token decides when one is sent, and loopback stands in for it where the operator allows that."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from kronveil.api.options import ApiOptions
from kronveil.sdk.secret import Secret

ROLES = ("viewer", "operator", "approver", "auditor", "admin")
TICKET_LIFE = timedelta(seconds=30)
_MOST_TICKETS = 1000


@dataclass(frozen=True, slots=True)
class Caller:
    """A name for the books and what it may do."""

    name: str
    roles: tuple[str, ...]
    authenticated: bool


LOCAL = Caller("local", ROLES, authenticated=False)
BOOTSTRAP = Caller("bootstrap", ROLES, authenticated=True)


class NotAuthenticated(Exception):  # noqa: N818 - read as the answer it is
    """The caller is a stranger; the text says what would help."""


class Doorman:
    """Knows the tokens. Tickets live here too: each opens one stream, once, within thirty seconds."""

    def __init__(self, options: ApiOptions) -> None:
        self._options = options
        self._tickets: dict[str, tuple[Caller, datetime]] = {}

    def who(self, authorization: str | None) -> Caller | None:
        """The caller, or None for one that sent nothing where a token is needed. A wrong token is never let pass."""
        if authorization is None:
            return None if self._options.needs_token else LOCAL
        scheme, _, token = authorization.partition(" ")
        known = self._options.bootstrap_token
        if scheme.lower() == "bearer" and known and Secret(token.strip()) == known:
            return BOOTSTRAP
        raise NotAuthenticated(
            "The token that was sent is not known here. A token goes as: Authorization: Bearer TOKEN."
        )

    def issue_ticket(self, caller: Caller, now: datetime) -> tuple[str, datetime]:
        """A new ticket and when it ends."""
        self._tickets = {ticket: held for ticket, held in self._tickets.items() if held[1] > now}
        while len(self._tickets) >= _MOST_TICKETS:
            self._tickets.pop(next(iter(self._tickets)))
        ticket, ends = secrets.token_urlsafe(32), now + TICKET_LIFE
        self._tickets[ticket] = (caller, ends)
        return ticket, ends

    def redeem(self, ticket: str, clock: Callable[[], datetime]) -> Caller:
        """The caller that a ticket was issued to; the ticket is spent by this."""
        caller, ends = self._tickets.pop(ticket, (None, None))
        if caller is None or ends is None or ends <= clock():
            raise NotAuthenticated("The ticket is not known here, was used before, or is older than 30 seconds.")
        return caller
