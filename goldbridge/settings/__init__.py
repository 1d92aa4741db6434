"""Reads a project's YAML: positions for every part, every problem at once, secrets by reference only."""
