"""Who is calling: a token decides when one is sent, and loopback stands in for it where the operator allows that."""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from kronveil.api.options import ApiOptions
from kronveil.api.roles import INCLUDED, ROLES, Role
from kronveil.api.tokens import Token, is_reserved
from kronveil.sdk.errors import ConfigError
from kronveil.sdk.secret import Secret

TICKET_LIFE = timedelta(seconds=30)
_MOST_TICKETS = 1000
_log = logging.getLogger("kronveil.api")


@dataclass(frozen=True, slots=True)
class Caller:
    """A name for the books and what it may do. ``token_id`` is empty for those whom no kept token lets in."""

    name: str
    roles: tuple[Role, ...]
    authenticated: bool
    token_id: str = ""


LOCAL = Caller("local", ROLES, authenticated=False)
BOOTSTRAP = Caller("bootstrap", ROLES, authenticated=True)


class NotAuthenticated(Exception):  # noqa: N818 - read as the answer it is
    """The caller is a stranger; the text says what would help."""


class Doorman:
    """Knows the tokens. Tickets live here too: each opens one stream, once, within thirty seconds."""

    def __init__(self, options: ApiOptions, clock: Callable[[], datetime]) -> None:
        self._options = options
        self._clock = clock
        self._tickets: dict[str, tuple[Caller, datetime]] = {}

    def who(self, authorization: str | None) -> Caller | None:
        """The caller, or None for one that sent nothing where a token is needed. A wrong token is never let pass."""
        if authorization is None:
            return None if self._options.needs_token else LOCAL
        scheme, _, text = authorization.partition(" ")
        text = text.strip()
        known = self._options.bootstrap_token
        if scheme.lower() == "bearer" and known and Secret(text) == known:
            return BOOTSTRAP
        token = self._found(text) if scheme.lower() == "bearer" else None
        if token is None:
            raise NotAuthenticated(
                "The token that was sent is not known here. A token goes as: Authorization: Bearer TOKEN."
            )
        if token.is_expired(self._clock()):
            raise NotAuthenticated(f"The token {token.name} has expired. `kronveil token create` makes a new one.")
        # One that an earlier version let be made under a name that is not a caller's own.
        name = f"{token.role}-{token.id}" if is_reserved(token.name) else token.name
        return Caller(name, INCLUDED[token.role], authenticated=True, token_id=token.id)

    def _found(self, text: str) -> Token | None:
        if self._options.tokens is None:
            return None
        try:
            return self._options.tokens.find(text)
        except ConfigError as error:
            _log.error("no token can be checked: %s", error)
            raise NotAuthenticated("The agent cannot read its tokens now; its log says why.") from None

    def still_lets_in(self, caller: Caller) -> bool:
        """Whether the token behind a stream that is open was neither revoked nor has expired."""
        if not caller.token_id or self._options.tokens is None:
            return True
        try:
            token = self._options.tokens.by_id(caller.token_id)
        except ConfigError:
            return False
        return token is not None and not token.is_expired(self._clock())

    def issue_ticket(self, caller: Caller, now: datetime) -> tuple[str, datetime]:
        """A new ticket and when it ends."""
        self._tickets = {ticket: held for ticket, held in self._tickets.items() if held[1] > now}
        while len(self._tickets) >= _MOST_TICKETS:
            self._tickets.pop(next(iter(self._tickets)))
        ticket, ends = secrets.token_urlsafe(32), now + TICKET_LIFE
        self._tickets[ticket] = (caller, ends)
        return ticket, ends

    def redeem(self, ticket: str) -> Caller:
        """The caller that a ticket was issued to; the ticket is spent by this."""
        caller, ends = self._tickets.pop(ticket, (None, None))
        if caller is None or ends is None or ends <= self._clock() or not self.still_lets_in(caller):
            raise NotAuthenticated("The ticket is not known here, was used before, or is older than 30 seconds.")
        return caller
