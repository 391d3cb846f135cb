"""The sockets behind the API: how they are made decides how soon an answer is there."""

import asyncio
import socket

import anyio
import pytest

from kronveil.api.serve import open_listeners


@pytest.mark.anyio
async def test_no_part_of_an_answer_waits_for_the_client_to_acknowledge_another() -> None:
    found: list[int] = []

    async def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted = writer.get_extra_info("socket")
        found.append(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    with open_listeners("127.0.0.1", {"api": 0}, way_out="") as (listener,):
        # As uvicorn serves it: it hands the socket to the event loop.
        server = await asyncio.start_server(accept, sock=listener.socket.dup())
        async with server, await anyio.connect_tcp("127.0.0.1", listener.port) as client:
            with anyio.fail_after(30), pytest.raises(anyio.EndOfStream):
                await client.receive()
    assert found
    assert all(found)
