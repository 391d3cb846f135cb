"""The built-in notifiers. Each is one part: whom it tells, and what it is told about them."""

from kronveil.notifiers.log import component as log
from kronveil.notifiers.webhook import component as webhook

BUILT_IN = (webhook, log)
