"""The desk of an engineer, and running simulators, as the tests of bad input use them."""

from tests.bad_input.conftest import desk, html_server, landscape

__all__ = ["desk", "html_server", "landscape"]
