"""The nouns of Kronveil. Frozen, typed, without behaviour; every other room speaks in them."""
