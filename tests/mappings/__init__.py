"""Tests of the mappings that ship with the project."""
