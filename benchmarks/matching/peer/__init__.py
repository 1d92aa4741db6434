"""The peers as programs, each run in an environment of its own: nothing of ours is imported here."""
