"""In: what watches the outside. ``BUILT_IN`` names the parts that come with Kronveil."""

from kronveil.collectors.kubernetes import component as kubernetes

BUILT_IN = (kubernetes,)
