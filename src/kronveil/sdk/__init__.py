"""What a plugin author imports, and nothing more: contracts, errors and the contract kit."""
