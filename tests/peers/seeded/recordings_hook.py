"""The hook that schemathesis's own manual asks for: recordings where the contract says `binary`. Registers them at import."""

from __future__ import annotations

import schemathesis
from hypothesis import strategies as st

from diarkit_contracts.rows.inputs import make_input

NAMES = ("wav:1ch:2.0s", "wav:2ch:2.0s", "wav:1ch:0.5s", "wav:1ch:1.0s:silence", "file:junk")

schemathesis.openapi.format("binary", st.sampled_from([make_input(name) for name in NAMES]))
