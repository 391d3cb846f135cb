"""The stages: each a module with ``measure(quick)`` that returns its records."""
