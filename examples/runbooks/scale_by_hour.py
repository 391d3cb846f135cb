"""An example of runbooks in Python: one runbook for each of several workloads, computed instead of written twice."""

from kronveil.runbooks import Input, Runbook, Step, register

LIMITS = {"checkout": 12, "search": 8}

for workload, most in LIMITS.items():
    register(
        Runbook(
            id=f"scale-{workload}",
            name=f"Scale {workload}",
            description=f"Adds replicas to {workload}, up to {most}, when it is slow.",
            incident_types=["HighLatency"],
            inputs={"by": Input(type="number", default=1, at_least=1, at_most=4)},
            steps=[
                Step(
                    "Add replicas",
                    action="kubectl_scale",
                    params={"by": "${{ inputs.by }}", "at_most": most},
                    condition=f"target.name == '{workload}'",
                ),
                Step("Tell who is on call", action="notify_oncall"),
            ],
        )
    )
