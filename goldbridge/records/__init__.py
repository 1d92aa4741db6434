"""Compiles config/model.yaml: the entities of the house, their fields, and what a value of each type looks like."""
