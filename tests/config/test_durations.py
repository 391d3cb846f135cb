from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kronveil.config.durations import Rate, format_duration, parse_duration, parse_rate


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("15s", timedelta(seconds=15)),
        ("2m", timedelta(minutes=2)),
        ("1h30m", timedelta(minutes=90)),
        ("500ms", timedelta(milliseconds=500)),
        ("7d", timedelta(days=7)),
        ("1d2h3m4s5ms", timedelta(days=1, hours=2, minutes=3, seconds=4, milliseconds=5)),
        (" 0s ", timedelta()),
    ],
)
def test_a_duration_is_read_as_people_write_it(text, expected):
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "15", "15 sec", "s", "-15s", "1.5h", "1m1h", "1h1h", "15S", "\u0661s", "15s\n15s", "999999999d", "1e3s"],
)
def test_what_is_not_quite_a_duration_is_refused(text):
    with pytest.raises(ValueError, match=r"duration|longer"):
        parse_duration(text)


@given(st.integers(min_value=0, max_value=36_500 * 86_400_000).map(lambda ms: timedelta(milliseconds=ms)))
def test_every_duration_is_read_back_as_it_was_written(duration):
    assert parse_duration(format_duration(duration)) == duration


@given(st.text())
def test_no_text_makes_the_reader_fail_in_another_way(text):
    for parse in (parse_duration, parse_rate):
        try:
            parse(text)
        except ValueError:
            continue


def test_a_rate_is_a_count_in_a_span():
    assert parse_rate("3/1h") == Rate(3, timedelta(hours=1))
    assert str(parse_rate("30/10m")) == "30/10m"


@pytest.mark.parametrize("text", ["3", "3/", "/1h", "0/1h", "3/0s", "-3/1h", "3/h", "3 per hour"])
def test_what_is_not_quite_a_rate_is_refused(text):
    with pytest.raises(ValueError, match=r"rate|duration"):
        parse_rate(text)
