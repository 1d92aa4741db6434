"""singer: reads what any Singer tap says, a program of its own that writes messages to its standard output.

The tap is a stranger: it runs only when the operator allows it, with an argument list, a clean environment and a folder
that is gone afterwards. A tap's STATE goes into a position only when the records before it have been handed over, so a
run that is killed repeats some records and loses none.
"""

from connectors.singer.config import SingerConfig, SingerStream
from connectors.singer.connector import Singer

__all__ = ["Singer", "SingerConfig", "SingerStream"]
