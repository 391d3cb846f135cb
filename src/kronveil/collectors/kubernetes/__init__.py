"""Kubernetes: one isolated collector for each cluster."""
