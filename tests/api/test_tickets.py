"""A ticket stands in for its owner's token once, and for thirty seconds."""

from datetime import timedelta

import pytest

from kronveil.api.callers import BOOTSTRAP, LOCAL, Doorman, NotAuthenticated
from kronveil.api.options import ApiOptions
from tests.api.plain_desk import NOON


def test_a_ticket_opens_once_for_the_one_it_was_issued_to():
    doorman = Doorman(ApiOptions())
    ticket, _ = doorman.issue_ticket(BOOTSTRAP, NOON)
    assert doorman.redeem(ticket, lambda: NOON) == BOOTSTRAP
    with pytest.raises(NotAuthenticated):
        doorman.redeem(ticket, lambda: NOON)


def test_a_ticket_ends_after_thirty_seconds():
    doorman = Doorman(ApiOptions())
    ticket, ends = doorman.issue_ticket(LOCAL, NOON)
    assert ends - NOON == timedelta(seconds=30)
    with pytest.raises(NotAuthenticated):
        doorman.redeem(ticket, lambda: ends)


def test_a_flood_of_tickets_is_bounded():
    doorman = Doorman(ApiOptions())
    first, _ = doorman.issue_ticket(LOCAL, NOON)
    tickets = [doorman.issue_ticket(LOCAL, NOON)[0] for _ in range(1000)]
    assert doorman.redeem(tickets[-1], lambda: NOON) == LOCAL
    with pytest.raises(NotAuthenticated):
        doorman.redeem(first, lambda: NOON)
