"""Writes the published schema: ``python -m kronveil.api.schema dashboard/openapi.json``."""

import json
import sys
from pathlib import Path

from kronveil.api.app import build_api, openapi


def schema_text() -> str:
    """The schema, always the same text for the same routes."""
    return json.dumps(openapi(build_api()), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> int:
    """Write it to the path given, or to standard output."""
    if len(sys.argv) > 2:
        sys.stderr.write("usage: python -m kronveil.api.schema [PATH]\n")
        return 2
    if len(sys.argv) == 2:
        Path(sys.argv[1]).write_text(schema_text(), encoding="utf-8")
    else:
        sys.stdout.write(schema_text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
