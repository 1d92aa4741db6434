"""How well and how fast duplicates are found in tables with a known truth; `python -m benchmarks.matching DIR`."""
