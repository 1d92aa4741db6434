"""Flows: the only place that opens transactions and joins connectors, mappings, matching and golden records."""
