"""Pure normalisers of what people type: names, addresses, phones, codes, amounts, dates.

Shared by mapping and matching, so that both mean the same thing by "the same value". Nothing here does I/O beyond
reading its own tables once, on first use.
"""
