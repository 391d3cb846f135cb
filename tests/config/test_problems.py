import pytest

from kronveil.config import ConfigProblems

CLUSTERS = "collectors:\n  kubernetes:\n    clusters:\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Unknown keys, at any depth
        ("agnet: {}", "1:1 agnet: no such key. Did you mean agent?"),
        ("agent:\n  log-level: info", "2:3 agent.log-level: no such key. Did you mean log_level?"),
        (
            CLUSTERS + "      - name: a\n        poll_intervall: 15s",
            "5:9 collectors.kubernetes.clusters[0].poll_intervall: no such key. Did you mean poll_interval?",
        ),
        ("clusters: []", "1:1 clusters: no such key. It belongs to collectors.kubernetes."),
        ("bus: {zzz: 1}", "1:7 bus.zzz: no such key. Known here: kind."),
        ("collectors: {kafka: {tpoics: []}}", "1:22 collectors.kafka.tpoics: no such key. Did you mean topics?"),
        # Wrong types
        (
            CLUSTERS + "      - name: a\n        poll_interval: 15 sec",
            '5:24 collectors.kubernetes.clusters[0].poll_interval: "15 sec" is not a duration. Write 15s, 2m or 1h30m.',
        ),
        (
            "store: {incident_retention: 10m}",
            (
                "1:29 store.incident_retention: 10m is too short: it must be longer than 1h and than "
                "incidents.reopen_within. Write 90d, or another time."
            ),
        ),
        (
            "{incidents: {reopen_within: 7d}, store: {incident_retention: 7d}}",
            (
                "1:62 store.incident_retention: 7d is too short: it must be longer than 1h and than "
                "incidents.reopen_within. Write 90d, or another time."
            ),
        ),
        (
            "incidents: {resolve_after: 60}",
            "1:28 incidents.resolve_after: 60 is not a duration. Write 15s, 2m or 1h30m.",
        ),
        ("agent: {name: 5}", "1:15 agent.name: 5 is not text. Put it in quotes."),
        ("agent: {name: true}", "1:15 agent.name: true is not text. Put it in quotes."),
        ("agent: {name: [a]}", "1:15 agent.name: a list is not text. Put it in quotes."),
        ("agent: {name: }", "1:14 agent.name: nothing is written here. Write text, or leave the line out."),
        ("listen: {api: '8080'}", '1:15 listen.api: "8080" is not a whole number. Write digits, without quotes.'),
        ("listen: {api: true}", "1:15 listen.api: true is not a whole number. Write digits, without quotes."),
        ("listen: {api: 80.5}", "1:15 listen.api: 80.5 is not a whole number. Write digits, without quotes."),
        ("listen: {api: 70000}", "1:15 listen.api: 70000 is out of bounds. It must be at most 65535."),
        ("listen: {api: -1}", "1:15 listen.api: -1 is out of bounds. It must be at least 0."),
        ("runbooks: {live: yes}", '1:18 runbooks.live: "yes" is not true or false. Write true or false.'),
        (
            "runbooks: {fleet_budget: 3 per hour}",
            '1:26 runbooks.fleet_budget: "3 per hour" is not a rate. Write 3/1h for at most three in any hour.',
        ),
        (
            "agent: {log_level: warn}",
            '1:20 agent.log_level: "warn" is not one of debug, info, warning, error. Did you mean warning?',
        ),
        ("agent: kronveil", "1:8 agent: is text, not a section. Write its keys below it, indented."),
        (
            "collectors: {kubernetes: {clusters: {name: a}}}",
            "1:37 collectors.kubernetes.clusters: is a section, not a list. Write [a, b], or one line with - for each.",
        ),
        (
            CLUSTERS + "      - us-east",
            "4:9 collectors.kubernetes.clusters[0]: is text, not a section. Write its keys below it, indented.",
        ),
        (
            CLUSTERS + "      - context: a",
            "4:9 collectors.kubernetes.clusters[0].name: is missing. Write name: ... here.",
        ),
        ("explain: {daily_budget_usd: .inf}", "1:29 explain.daily_budget_usd: inf is not a number. Write it like 2.5."),
        # Together
        (
            "listen: {dashboard: 8080}",
            "1:21 listen.dashboard: port 8080 is also that of listen.api. Choose another port.",
        ),
        (
            CLUSTERS + "      - name: a\n      - name: a",
            (
                '5:15 collectors.kubernetes.clusters[1].name: "a" is already the name of another cluster '
                "(kronveil.yaml:4). Give each cluster its own name."
            ),
        ),
        (
            CLUSTERS + "      - name: a/b",
            (
                "4:15 collectors.kubernetes.clusters[0].name: cannot be a cluster's name. "
                "Use letters, digits, dots and dashes, no spaces or slashes."
            ),
        ),
        (
            CLUSTERS + "      - name: ''",
            (
                "4:15 collectors.kubernetes.clusters[0].name: cannot be a cluster's name. "
                "Use letters, digits, dots and dashes, no spaces or slashes."
            ),
        ),
        (
            "collectors: {kubernetes: {poll_interval: 2m, stale_after: 1m}}",
            "1:42 collectors.kubernetes.poll_interval: poll_interval (2m) must be shorter than stale_after (1m).",
        ),
        (
            "collectors: {kubernetes: {stale_after: 3m, unreachable_after: 3m}}",
            "1:40 collectors.kubernetes.stale_after: stale_after (3m) must be shorter than unreachable_after (3m).",
        ),
        (
            CLUSTERS + "      - {name: a, unreachable_after: 30s}",
            (
                "4:38 collectors.kubernetes.clusters[0].unreachable_after: "
                "stale_after (1m) must be shorter than unreachable_after (30s)."
            ),
        ),
        (
            "collectors: {cicd: {poll_interval: 0s}}",
            "1:36 collectors.cicd.poll_interval: 0s is too often. Write at least 100ms.",
        ),
    ],
)
def test_a_problem_names_its_place_and_what_would_be_right(refuses, text, expected):
    assert refuses(text) == [f"kronveil.yaml:{expected}"]


def test_all_problems_are_told_at_once_in_the_order_of_the_file(refuses):
    lines = refuses(
        """
agent: {log_level: loud, nmae: x}
agent: {}
listen: {api: 99999}
collectors:
  kubernetes:
    clusters:
      - {name: a, poll_interval: 15}
      - {name: a}
bsu: {}
""",
        {"KRONVEIL__AGENT__LOG_FORMAT": "jsno"},
    )
    assert [line.split(":")[0:3] for line in lines[:-1]] == [
        ["kronveil.yaml", "2", "20 agent.log_level"],
        ["kronveil.yaml", "2", "26 agent.nmae"],
        ["kronveil.yaml", "3", "1 agent"],
        ["kronveil.yaml", "4", "15 listen.api"],
        ["kronveil.yaml", "8", "34 collectors.kubernetes.clusters[0].poll_interval"],
        ["kronveil.yaml", "9", "16 collectors.kubernetes.clusters[1].name"],
        ["kronveil.yaml", "10", "1 bsu"],
    ]
    assert lines[-1].startswith("environment KRONVEIL__AGENT__LOG_FORMAT agent.log_format: ")


@pytest.mark.parametrize(
    ("text", "environ", "last"),
    [
        ("a: 1", {}, "1 problem in {}; nothing was started."),
        ("a: 1\nb: 2", {}, "2 problems in {}; nothing was started."),
        ("", {"KRONVEIL__A": "1"}, "1 problem in the environment; nothing was started."),
        ("a: 1", {"KRONVEIL__A__B": "1"}, "2 problems in {} and the environment; nothing was started."),
    ],
)
def test_the_last_line_counts_them(loads, tmp_path, text, environ, last):
    with pytest.raises(ConfigProblems) as caught:
        loads(text, environ)
    assert str(caught.value).splitlines()[-1] == last.format(tmp_path / "kronveil.yaml")


def test_a_long_value_is_not_repeated(refuses):
    assert len(refuses(f"agent: {{log_level: {'x' * 5000}}}")[0]) < 200
