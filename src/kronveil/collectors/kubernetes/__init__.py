"""Kubernetes: one isolated collector for each cluster, from a list and a watch of every kind to Observations."""

from kronveil.collectors.kubernetes.cluster import component

__all__ = ["component"]
