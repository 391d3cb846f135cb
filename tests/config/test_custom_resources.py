"""Custom resources in the configuration: as the API server names them, each once, each condition once."""

import pytest

HEAD = "collectors:\n  kubernetes:\n    clusters: [{name: x}]\n    custom_resources:\n"
GOOD = "group: db.example.com, resource: databases, kind: Database"


def test_a_status_may_be_written_without_quotes(loads):
    config = loads(HEAD + f"      - {{{GOOD}, conditions: [{{type: Ready, bad: [False, Unknown]}}]}}\n")
    (resource,) = config.collectors.kubernetes.custom_resources
    assert resource.conditions[0].bad == ("False", "Unknown")


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{group: apps, resource: things, kind: Thing}", '"apps" cannot be that. Write the group alone'),
        ("{group: db.example.com/v1, resource: things, kind: Thing}", "Write the group alone"),
        ("{group: db.example.com, resource: Things, kind: Thing}", "Write the plural in small letters"),
        ("{group: db.example.com, resource: things, kind: thing}", "Write the kind as objects have it"),
        (f"{{{GOOD}, version: latest}}", "Write v1, v1beta1"),
        ("{group: db.example.com, kind: Thing}", "resource"),
        ("{group: cert-manager.io, resource: certificates, kind: Certificate}", "are watched without being named"),
        (f"{{{GOOD}, conditions: [{{type: Ready}}, {{type: Ready}}]}}", "the condition is named twice"),
        (f"{{{GOOD}, conditions: [{{type: Ready, symptom: pod.oom_killed}}]}}", "cannot be a symptom of a custom"),
        (f"{{{GOOD}, conditions: [{{type: Ready, symptom: resource.changed}}]}}", "cannot be a symptom of a custom"),
        (f"{{{GOOD}, conditions: [{{type: Ready, bad: [maybe]}}]}}", "True"),
        (f"{{{GOOD}, conditions: [{{type: Ready, bad: ['True', 'False']}}]}}", "there is no status left that is good"),
        (f"{{{GOOD}, conditions: [{{type: Ready, bad: []}}]}}", "no status is bad"),
        (f"{{{GOOD}, conditions: [{{type: Ready, afterwards: 3m}}]}}", "no such key"),
        (f"{{{GOOD}, conditions: [{{type: Ready, severity: awful}}]}}", "critical"),
    ],
)
def test_what_cannot_be_is_refused_where_it_stands(refuses, entry, words):
    (problem, *_) = refuses(HEAD + f"      - {entry}\n")
    assert problem.startswith("kronveil.yaml:5:")
    assert words in problem


def test_the_same_one_twice_is_refused_naming_the_first(refuses):
    (problem,) = refuses(HEAD + f"      - {{{GOOD}}}\n      - {{{GOOD}}}\n")
    assert "are named before (kronveil.yaml:5" in problem
