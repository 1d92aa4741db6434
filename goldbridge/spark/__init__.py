"""`goldbridge dedupe --engine spark`: the plan of `dedupe.table` with its rows in partitions, and the same result.

What is decided once (guesses, keys, frequencies, hubs, caps, weights) is decided by the functions of `dedupe` on the
driver and frozen; partitions get it by broadcast. What is done per row or per pair (cleaning, keys, scores, the guard)
is done by the same functions on the executors. Blocking is SQL. So every edge is the local engine's, to the last bit.

The driver holds a few integers per row, the edges above the review band, and the frequencies; for tables that are not
about organisations the cleaned distinct values as well. pyspark is imported when a table is resolved, not before.
"""
