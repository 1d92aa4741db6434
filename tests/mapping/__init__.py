"""Tests of goldbridge.mapping."""
