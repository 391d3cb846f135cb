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
    TokensHere,
    json_answer,
    read_body,
)
from kronveil.api.asks import NewToken
from kronveil.api.problems import Refusal, not_valid
from kronveil.api.replays import OnceRoute, ToldOnce, fresh_id
from kronveil.api.routes.declared import body_of, refusals
from kronveil.api.tokens import Token, is_reserved

router = APIRouter(tags=["tokens"], route_class=OnceRoute)


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
async def create_token(
    request: Request, desk: DeskHere, tokens: TokensHere, caller: KnownCaller, _: NoQuery, _key: IdempotencyKey
) -> Response:
    """A new token. Its text is in this answer and kept nowhere: the same request with the same key repeats it for ten
    minutes while the agent runs, and is refused (409) with the token's id afterwards."""
    asked = await read_body(request, NewToken)
    token_id = fresh_id(request)[:8]
    if tokens.by_id(token_id) is not None:
        raise Refusal(409, _told_once(token_id))
    lives = None if asked.expires_s is None else timedelta(seconds=asked.expires_s)
    if asked.name is not None and any(asked.name in (each.name, each.id) for each in tokens.all()):
        raise Refusal(409, f"There is a token named {asked.name} already.")
    if asked.name is not None and is_reserved(asked.name):
        raise not_valid(["body", "name"], "stands for callers without a token; give another name")
    token, text = tokens.create(asked.role, asked.name, lives, desk.now(), token_id=token_id)
    about = {"name": token.name, "role": token.role, "expires_at": token.expires_at}
    await desk.audit.note(caller.name, "token.created", token.id, after=about)
    answer = json_answer(shapes.NewToken(text.reveal(), _shape(token, is_expired=False)), 201)
    return ToldOnce(answer, _told_once(token_id))


def _told_once(token_id: str) -> str:
    return (
        f"This very request has made the token {token_id}. Its text was told then and is kept nowhere: "
        f"if it did not reach you, revoke that token and make another, with a new Idempotency-Key."
    )


@router.delete(
    "/tokens/{id}",  # noqa: FAST003 - its dependency takes it
    status_code=204,
    response_class=Response,
    responses=refusals(404, 503),
)
async def revoke_token(
    desk: DeskHere, tokens: TokensHere, token: FoundToken, caller: KnownCaller, _: NoQuery, _key: IdempotencyKey
) -> Response:
    """Take a token back; streams that it opened end within a second."""
    tokens.revoke(token.id)
    await desk.audit.note(caller.name, "token.revoked", token.id, before={"name": token.name, "role": token.role})
    return Response(status_code=204)
