"""A ticket stands in for its owner's token once, and for thirty seconds."""

from datetime import timedelta

import pytest

from kronveil.api.callers import BOOTSTRAP, LOCAL, Doorman, NotAuthenticated
from kronveil.api.options import ApiOptions
from tests.api.plain_desk import NOON


class Clock:
    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


class DoormanAt(Doorman):
    """With a clock that the test moves."""

    def __init__(self, now):
        self.clock = Clock(now)
        super().__init__(ApiOptions(), self.clock)


def doorman_at(now):
    return DoormanAt(now)


def test_a_ticket_opens_once_for_the_one_it_was_issued_to():
    doorman = doorman_at(NOON)
    ticket, _ = doorman.issue_ticket(BOOTSTRAP, NOON)
    assert doorman.redeem(ticket) == BOOTSTRAP
    with pytest.raises(NotAuthenticated):
        doorman.redeem(ticket)


def test_a_ticket_ends_after_thirty_seconds():
    doorman = doorman_at(NOON)
    ticket, ends = doorman.issue_ticket(LOCAL, NOON)
    assert ends - NOON == timedelta(seconds=30)
    doorman.clock.now = ends
    with pytest.raises(NotAuthenticated):
        doorman.redeem(ticket)


def test_a_flood_of_tickets_is_bounded():
    doorman = doorman_at(NOON)
    first, _ = doorman.issue_ticket(LOCAL, NOON)
    tickets = [doorman.issue_ticket(LOCAL, NOON)[0] for _ in range(1000)]
    assert doorman.redeem(tickets[-1]) == LOCAL
    with pytest.raises(NotAuthenticated):
        doorman.redeem(first)
