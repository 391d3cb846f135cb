"""How often the streams speak, and how long they wait for a client."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """``gather_s``: what is published within so short a time goes out together. ``answer_s``: a client that has
    answered pings and stops is gone after this long. ``send_s``: one that takes nothing for longer is too slow;
    ``stall_s``: so is one that takes nothing for this long while more than ``most_waiting`` bytes wait for it, and one
    for which so much waits for ``send_s``, whatever it takes. ``hold_s``: how long such a client's socket stays open
    for it to read why. ``recheck_s``: how often a stream looks whether its token still holds."""

    gather_s: float = 0.04
    status_s: float = 2.0
    ping_s: float = 20.0
    answer_s: float = 60.0
    send_s: float = 10.0
    stall_s: float = 2.0
    most_waiting: int = 1 << 20
    hold_s: float = 60.0
    recheck_s: float = 0.8
