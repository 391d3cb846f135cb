"""Who evaluates policies: Rego in a process beside the agent (``rego``), or the operator's own OPA (``opa``); and the
bundled rules."""
