"""How often the streams speak, and how long they wait for a client."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """``answer_s``: a client that has answered pings and stops is gone after this long. ``send_s``: a send that blocks
    longer means that the client is too slow. ``hold_s``: how long such a client's socket stays open for it to read
    why. ``recheck_s``: how often a stream looks whether its token still holds."""

    status_s: float = 2.0
    ping_s: float = 20.0
    answer_s: float = 60.0
    send_s: float = 10.0
    hold_s: float = 60.0
    recheck_s: float = 0.8
