"""Pretend systems over one seeded world: `python -m goldbridge.simulators`, steered over HTTP.

A program of its own: it imports nothing of the rest of the house and nothing of the house imports it, so that one
misreading of a vendor's sheet cannot hide on both sides. The world behind it knows the truth.
"""
