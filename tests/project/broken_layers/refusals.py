"""Layers that break a refusal."""
