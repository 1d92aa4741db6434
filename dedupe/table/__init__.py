"""Finds duplicates in a table that nobody has described: columns are guessed, weights trained, bands calibrated.

Everything works on distinct values and integer codes, so that a column of a million rows with ten thousand values costs
ten thousand comparisons; the scores are the same integers that `dedupe.score` gives for one pair.
"""
