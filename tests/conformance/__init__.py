"""The conformance suite, run on every connector of the house against its pretend or real other side."""
