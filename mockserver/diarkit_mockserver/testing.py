"""Public names for tests: the servers, their configuration, and their return values.

`DiarizationServer` is the fake, whose answers can be configured and whose requests can be inspected. `LiveServer` is any other
server at a URL, where unsupported operations raise `UnavailableError`, which the pytest plugin turns into a skip.
"""

from __future__ import annotations

from diarkit_contracts.api.dialect import Dialect
from diarkit_contracts.api.states import TaskState
from diarkit_fixtures.segments import Segment
from diarkit_mockserver.clock import ClockView
from diarkit_mockserver.control.views import TaskView
from diarkit_mockserver.harness.fake import DiarizationServerFactory, Fake, find_fake
from diarkit_mockserver.harness.live import LiveServer, UnavailableError
from diarkit_mockserver.harness.server import DiarizationServer
from diarkit_mockserver.intake.submission import Media, Submission
from diarkit_mockserver.journal.conduct import ConductFinding
from diarkit_mockserver.journal.journal import Entry
from diarkit_mockserver.scenario.answer import HttpAnswer, HttpLike
from diarkit_mockserver.scenario.course import ByPolls, ByRealTime, BySeconds, Course, PollCounts, StateSeconds
from diarkit_mockserver.scenario.faults import Drip, Fault, Latency, LogNormal, Outage
from diarkit_mockserver.scenario.limits import Limits, Rate
from diarkit_mockserver.scenario.load import ScenarioLike, load_scenario, parse_scenario
from diarkit_mockserver.scenario.model import Rule, Scenario, SpokenSegment, Then
from diarkit_mockserver.scenario.shorthand import CourseLike, Matching, SegmentLike, read_course
from diarkit_mockserver.scenario.when import ConfigPattern, When

__all__ = [
    "ByPolls",
    "ByRealTime",
    "BySeconds",
    "ClockView",
    "ConductFinding",
    "ConfigPattern",
    "Course",
    "CourseLike",
    "Dialect",
    "DiarizationServer",
    "DiarizationServerFactory",
    "Drip",
    "Entry",
    "Fake",
    "Fault",
    "HttpAnswer",
    "HttpLike",
    "Latency",
    "Limits",
    "LiveServer",
    "LogNormal",
    "Matching",
    "Media",
    "Outage",
    "PollCounts",
    "Rate",
    "Rule",
    "Scenario",
    "ScenarioLike",
    "Segment",
    "SegmentLike",
    "SpokenSegment",
    "StateSeconds",
    "Submission",
    "TaskState",
    "TaskView",
    "Then",
    "UnavailableError",
    "When",
    "find_fake",
    "load_scenario",
    "parse_scenario",
    "read_course",
]
