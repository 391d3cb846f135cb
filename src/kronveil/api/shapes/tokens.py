"""Tokens and tickets."""

from typing import Annotated

from pydantic import Field

from kronveil.api.roles import Role
from kronveil.api.shape import shape
from kronveil.api.shapes.terms import NextCursor, Timestamp


@shape
class Token:
    """What is known of a token: never its text."""

    id: str
    name: Annotated[str, Field(description="Stands for its caller in timelines and books.")]
    role: Role
    created_at: Timestamp
    expires_at: Annotated[Timestamp | None, Field(description="Null: it lives until it is revoked.")]
    expired: bool


@shape
class TokenList:
    """Every token, oldest first."""

    items: list[Token]
    next_cursor: NextCursor


@shape
class NewToken:
    """A token that was just made. This answer is the only place where its text is."""

    token: str
    about: Token


@shape
class Ticket:
    """Opens one stream, once, instead of a token in an address."""

    ticket: str
    expires_at: Timestamp
