"""Golden records: pure rules over frozen inputs, applied on a connection that a flow opens and commits."""
