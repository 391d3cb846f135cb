"""Health for whoever keeps the process alive (port 13133): ``/`` in words, ``/livez`` and ``/readyz`` by status."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from kronveil.agent.desk import Desk
from kronveil.api import encode
from kronveil.model.health import HealthStatus


def create_probe_app(desk: Desk) -> Starlette:
    """Names and statuses only: this port asks nobody for a token."""

    async def health(_: Request) -> Response:
        read = desk.health()
        status = 503 if read.status is HealthStatus.UNHEALTHY else 200
        body = encode.encode(encode.health_shape(read, is_trusted=False))
        return Response(body, status, media_type="application/json")

    async def livez(_: Request) -> Response:
        """Alive is: the loop answers. A broken store is no reason to be killed, a restart would not mend it."""
        return PlainTextResponse("ok\n")

    async def readyz(_: Request) -> Response:
        """Ready is: what is asked can be answered and what arrives can be kept."""
        store = next(each for each in desk.health().components if each.name == "store")
        is_ready = store.status is HealthStatus.HEALTHY
        return PlainTextResponse("ok\n" if is_ready else "not ready: store\n", 200 if is_ready else 503)

    return Starlette(routes=[Route("/", health), Route("/livez", livez), Route("/readyz", readyz)])
