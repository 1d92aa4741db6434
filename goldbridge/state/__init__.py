"""The hub's memory: every table, every migration, and functions that move batches in and out of them.

It imports no rules. Flows open the transaction (`with store.begin() as conn`) and pass the connection down; nothing in
this package commits. Functions take and give batches (plain dataclasses, tuples and dicts); JSON documents are TEXT.
Time comes from the store's clock; leases alone use the database's own time.

    engine    open_store(url, clock) -> Store: begin(), read(), transact(), claim(), scrub(), close(); now(conn)
    landing   changed() compares a page with what is stored, save() keeps it; delete(), missing(), sweep(), outdated()
    record    reading source records: load(), find(), scan(), versions(), anchored() (all reachable through landing)
    crosswalk members(), golden_of(), resolve_keys(), keys_of(), published(), move()
    golden    load(), save(), history(), as_of(), golden_id()
    redirect  redirect(), recall(), resolve() (all reachable through golden)
    outbox    append(), read(), head(): one event per visible change
    decision  assertions, overrides and the decisions that made them
    task      open_tasks(), list_tasks(), resolve(): never two open tasks for one subject
    match     keys, identifiers and edges of records; candidates by key
    ruleset   revisions of rules with frozen statistics; simulations
    run       leases with fences, runs with counters that must add up
    cursor    where a stream was left; backfill partitions; generations of full compares
    delivery  what is to be written to targets: declared transitions only
    ledger    what we wrote, per field: echo recognition
    dead      dead letters
    cache     answers of look-ups
    inbox     what webhooks brought, until it was read
    vault     tokens and quotas, encrypted
    audit     a chain of keyed digests
    relation  relations between records; roles of parties
    erase     removes a record's content everywhere, keeps its number

Below them: tables and migrations, bulk (many rows in one statement), document (JSON as text), instance (whose the state
is), failure (what the database's errors mean).
"""
