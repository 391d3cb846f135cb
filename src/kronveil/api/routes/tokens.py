"""The API's tokens: who has one, with which role, until when. A token's own text is shown once."""

from datetime import timedelta

from fastapi import APIRouter, Request, Response

from kronveil.api import encode, shapes
from kronveil.api.asking import (
    DeskHere,
    FoundToken,
    IdempotencyKey,
    KnownCaller,
    NoQuery,
    ReplaysHere,
    TokensHere,
    json_answer,
    read_body,
)
from kronveil.api.asks import NewToken
from kronveil.api.problems import Refusal
from kronveil.api.routes.declared import body_of, refusals
from kronveil.api.tokens import Token

router = APIRouter(tags=["tokens"])


def _shape(token: Token, *, is_expired: bool) -> shapes.Token:
    return shapes.Token(
        id=token.id,
        name=token.name,
        role=token.role,
        created_at=encode.restamp(token.created_at),
        expires_at=None if token.expires_at is None else encode.restamp(token.expires_at),
        expired=is_expired,
    )


@router.get("/tokens", response_model=shapes.TokenList, responses=refusals(503))
async def list_tokens(desk: DeskHere, tokens: TokensHere, _: NoQuery) -> Response:
    """Every token, oldest first, expired ones too. The texts themselves are kept nowhere."""
    items = [_shape(token, is_expired=token.is_expired(desk.now())) for token in tokens.all()]
    return json_answer(shapes.TokenList(items, None))


@router.post(
    "/tokens",
    response_model=shapes.NewToken,
    status_code=201,
    responses=refusals(400, 409, 413, 415, 503),
    openapi_extra=body_of(NewToken, required=True),
)
async def create_token(  # noqa: PLR0913, PLR0917 - what it is told, each by its dependency
    request: Request,
    desk: DeskHere,
    tokens: TokensHere,
    replays: ReplaysHere,
    caller: KnownCaller,
    _: NoQuery,
    key: IdempotencyKey,
) -> Response:
    """A new token. Its text is in this answer and never again."""
    asked = await read_body(request, NewToken)

    async def carry_out() -> Response:
        lives = None if asked.expires_s is None else timedelta(seconds=asked.expires_s)
        if asked.name is not None and any(asked.name in (each.name, each.id) for each in tokens.all()):
            raise Refusal(409, f"There is a token named {asked.name} already.")
        token, text = tokens.create(asked.role, asked.name, lives, desk.now())
        return json_answer(shapes.NewToken(text.reveal(), _shape(token, is_expired=False)), 201)

    return await replays.once(caller.name, key, f"token {asked!r}", carry_out)


@router.delete(
    "/tokens/{id}",  # noqa: FAST003 - its dependency takes it
    status_code=204,
    response_class=Response,
    responses=refusals(404, 503),
)
async def revoke_token(tokens: TokensHere, token: FoundToken, _: NoQuery, _key: IdempotencyKey) -> Response:
    """Take a token back; streams that it opened end within a second."""
    tokens.revoke(token.id)
    return Response(status_code=204)
