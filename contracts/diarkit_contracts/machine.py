"""The Hypothesis state machine: tasks in flight, looks and mistakes in any order, judged by the clauses. The tier `fuzz`.

Drives a server of one's own: it is asked thousands of times. The only file that knows Hypothesis and a server.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NoReturn
from urllib.parse import quote

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import FlakyFailure
from hypothesis.stateful import Bundle, RuleBasedStateMachine, rule, run_state_machine_as_test

from diarkit_contracts.call import CONFIG, FILE, Attached, Call, Row, Written
from diarkit_contracts.clauses.catalogue import CLAUSES
from diarkit_contracts.clauses.clause import Severity, judge
from diarkit_contracts.history import START_PATH, find_value, read_history, read_object
from diarkit_contracts.inputs import FILES
from diarkit_contracts.mistakes import CLIP, make_mistakes
from diarkit_contracts.profiles import DEFAULT
from diarkit_contracts.target import ENDED, CapReachedError, UnreachableError, is_loopback_url
from diarkit_contracts.uploads import FACTORS, make_uploads
from diarkit_contracts.vacuity import SIGHTS_OF_A_PLAN, Sight, explain_unseen, list_unseen
from diarkit_contracts.verdict import Passed, RowRun, RunVerdict, Skipped
from diarkit_contracts.verify import judge_history
