"""The Kubernetes REST API of one simulated cluster, served on loopback."""
