"""What all simulators share: clock, rate limits, fault switch, counters, and the way from ASGI to a plain handler."""

from goldbridge.simulators.kit.app import Answer, Call, Counters, Endpoint, Refused, Simulator, json_answer, text_answer
from goldbridge.simulators.kit.clock import SimClock
from goldbridge.simulators.kit.fault import Fault, FaultSwitch
from goldbridge.simulators.kit.limit import Limit, Limiter

__all__ = [
    "Answer",
    "Call",
    "Counters",
    "Endpoint",
    "Fault",
    "FaultSwitch",
    "Limit",
    "Limiter",
    "Refused",
    "SimClock",
    "Simulator",
    "json_answer",
    "text_answer",
]
