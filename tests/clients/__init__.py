"""Independent client libraries drive our simulators: what a stranger's code accepts was not merely agreed among us."""
