"""Compiles mappings/*.yaml into functions over batches: source records to canonical ones, golden ones to a target's."""

from goldbridge.mapping.compile import compile_mapping
from goldbridge.mapping.mapping import Batch, Mapping

__all__ = ["Batch", "Mapping", "compile_mapping"]
