"""What the canned servers' watches of pods say when they are told to: failures at a pace, and frames without news."""

from collections.abc import Mapping
from itertools import count
from time import monotonic_ns

import anyio
from anyio.abc import SocketStream

from kronveil.bench.frames import PodName, frame

# What makes the objects of one cluster its own. What takes its place has the same length.
OWN = (b"service-", b"5b0e2f6a-", b"8c1d3e5f-", b"2a9d4c71-")
PODS_PER_DEPLOYMENT = 10
AT_ONCE = 7  # about 64 KiB, as a socket gives them


def owned(body: bytes, cluster: int) -> bytes:
    """As that cluster has it."""
    for mark in OWN:
        body = body.replace(mark, b"%04x%s" % (cluster, mark[4:]))
    return body


class Speakers:
    """The open watches of pods, by cluster."""

    def __init__(self) -> None:
        self._streams: dict[int, SocketStream] = {}
        self._versions = count(2_000_000)

    def open(self, cluster: int, stream: SocketStream) -> None:
        """This is a cluster's watch of pods from now on."""
        self._streams[cluster] = stream

    async def say(self, asked: Mapping[str, str]) -> dict[str, int]:
        """Let ``fail`` pods turn to crash loops, each of a deployment of its own, from number ``first`` on, one each
        ``every_s``; meanwhile ``load`` frames a second in which nothing has changed; for ``seconds`` at least.

        The answer says when (monotonic, in ns) the pod of each deployment was told of, and how many ``frames`` there
        were.
        """
        fail, first, every_s = int(float(asked["fail"])), int(float(asked["first"])), float(asked["every_s"])
        load, seconds = float(asked["load"]), float(asked["seconds"])
        clusters = sorted(self._streams)
        quiet = {cluster: self._quiet(cluster) for cluster in clusters}
        told: dict[str, int] = {}
        loaded, began = 0, anyio.current_time()
        while (past := anyio.current_time() - began) < seconds or len(told) < fail:
            if len(told) < fail and past >= len(told) * every_s:
                number = first + len(told)
                cluster = clusters[number % len(clusters)]
                pod = PodName(number // len(clusters) * PODS_PER_DEPLOYMENT, PODS_PER_DEPLOYMENT)
                line = owned(frame(pod, next(self._versions), is_failing=True), cluster)
                told[owned(pod.deployment.encode(), cluster).decode()] = monotonic_ns()
                await self._send(cluster, line)
            elif loaded < load * past:
                cluster = clusters[loaded // AT_ONCE % len(clusters)]
                await self._send(cluster, quiet[cluster])
                loaded += AT_ONCE
            else:
                await anyio.sleep(0.002)
        return {**told, "frames": len(told) + loaded}

    def _quiet(self, cluster: int) -> bytes:
        """Frames of pods that are as they were; none of them is one that is let fail."""
        pods = (PodName(number, PODS_PER_DEPLOYMENT) for number in range(1, AT_ONCE + 1))
        return owned(b"".join(frame(pod, next(self._versions)) for pod in pods), cluster)

    async def _send(self, cluster: int, lines: bytes) -> None:
        await self._streams[cluster].send(b"%x\r\n%b\r\n" % (len(lines), lines))
