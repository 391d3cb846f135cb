"""The controllers of a simulated cluster: each reacts to the key of a changed object and writes what follows."""
