"""Asks an OPA server of the operator's own instead of evaluating here. No answer, or none that is one, denies."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import cast

import httpx2
import msgspec

from kronveil.model.policy import Document
from kronveil.sdk.errors import Permanent, Transient
from kronveil.sdk.policy import Module

_answers = msgspec.json.Decoder(dict[str, object])


class OpaEngine:
    """See ``kronveil.sdk.policy.PolicyEngine``. Made by ``open_opa``."""

    def __init__(self, url: str, client: httpx2.AsyncClient) -> None:
        self._url = url.rstrip("/")
        self._client = client

    @property
    def digest(self) -> str:
        """The server that is asked; what rules it has, it alone knows."""
        return f"opa {httpx2.URL(self._url).host}"

    @property
    def modules(self) -> Sequence[Module]:
        """None here."""
        return ()

    async def evaluate(self, package: str, document: Document) -> Mapping[str, object]:
        """See ``PolicyEngine.evaluate``."""
        where = f"{self._url}/v1/data/{package.replace('.', '/')}"
        try:
            response = await self._client.post(where, json={"input": document})
        except httpx2.TimeoutException:
            raise Transient("OPA did not answer in time") from None
        except httpx2.HTTPError as error:
            raise Transient(f"OPA cannot be asked: {type(error).__name__}") from error
        if response.status_code != 200:
            raise Transient(f"OPA answered with {response.status_code}")
        try:
            answer = _answers.decode(response.content)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise Permanent(f"OPA did not answer with JSON: {error}") from None
        result = answer.get("result")
        if not isinstance(result, dict):
            raise Permanent(f"OPA has no package {package}")
        return cast("Mapping[str, object]", result)


@asynccontextmanager
async def open_opa(url: str, deadline: timedelta) -> AsyncGenerator[OpaEngine]:
    """Opened without asking: while it cannot be reached, everything is denied, and says so."""
    async with httpx2.AsyncClient(timeout=deadline.total_seconds(), follow_redirects=False) as client:
        yield OpaEngine(url, client)
