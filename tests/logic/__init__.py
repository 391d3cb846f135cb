"""The judgement, by tables, playbooks and properties. Milliseconds, nothing async."""
