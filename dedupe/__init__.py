"""Matching: which records mean the same, why, and how sure. Pure functions: no database, no network, no clock.

    rules = compile_rules(document, "party", fields)      # rule.py        config/matching.yaml
    prepared = prepare(rules, record)                      # prepare.py     clean once
    numbers = statistics(rules, all_prepared)              # statistic.py   count once, freeze
    keys(rules, numbers, prepared)                         # block.py       who meets whom
    score(rules, numbers, one, other)                      # score.py       bits of evidence, with every part
    cluster(nodes, edges, same, different, rules.limits)   # cluster.py     join what may be joined
    pair_metrics(truth, found)                             # evaluate.py    how good it was

`dedupe.table` does the same for a table that nobody has described.
"""
