"""The contract kit: one plain class per contract. Subclass it, supply the part, and its promises are your tests."""
