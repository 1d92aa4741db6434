"""OData V2 and V4, as far as moving records needs it; connectors of systems that speak it stand on this.

`Service` asks and changes, `Walker` reads closed windows, `Tracker` follows delta links, `RecordWriter` writes.
"""

from goldbridge.http.odata.batch import Operation
from goldbridge.http.odata.cursor import Cursor, usable
from goldbridge.http.odata.delta import Tracker
from goldbridge.http.odata.fault import Dialect
from goldbridge.http.odata.login import client_credentials
from goldbridge.http.odata.metadata import EntitySet
from goldbridge.http.odata.service import Access, Service
from goldbridge.http.odata.value import ETAG, INTEGERS, KEY, TIMES, literal
from goldbridge.http.odata.walk import Part, Walker, plan, read, rewound
from goldbridge.http.odata.write import Change, Outcome, RecordWriter, Target

__all__ = [
    "ETAG",
    "INTEGERS",
    "KEY",
    "TIMES",
    "Access",
    "Change",
    "Cursor",
    "Dialect",
    "EntitySet",
    "Operation",
    "Outcome",
    "Part",
    "RecordWriter",
    "Service",
    "Target",
    "Tracker",
    "Walker",
    "client_credentials",
    "literal",
    "plan",
    "read",
    "rewound",
    "usable",
]
