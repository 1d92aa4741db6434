"""Yonyou: reads and writes the archives of a YonBIP or YonSuite tenant, and reads those of a U8+ through its relay.

Lists have page numbers only, and an edited row moves to another page. So a window is listed until two listings agree;
only then is it complete and the position moves on.
"""

from connectors.yonyou.config import YonyouConfig, YonyouList
from connectors.yonyou.connector import Yonyou

__all__ = ["Yonyou", "YonyouConfig", "YonyouList"]
