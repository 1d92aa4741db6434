"""Goldbridge's `rest` connector and dlt's REST source in front of the same pretend API."""
