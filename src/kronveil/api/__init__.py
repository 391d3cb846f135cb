"""REST, WebSocket and the console: thin. Parse, ask the desk, answer."""

from kronveil.api.app import create_app
from kronveil.api.encode import encode_item
from kronveil.api.options import ApiOptions

__all__ = ["ApiOptions", "create_app", "encode_item"]
