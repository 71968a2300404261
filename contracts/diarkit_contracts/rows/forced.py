"""The rows for rare behaviour that no request triggers: they need a target that can be forced to show it."""

from __future__ import annotations

from diarkit_contracts.api.profiles import Capability
from diarkit_contracts.rows.call import Attached, Call, Row

CLIP = "wav:1ch:2.0s"


def make_forced() -> tuple[Row, ...]:
    """Make all rows, one for each capability."""
    upload, limited = Call(body=(Attached(CLIP),)), "refusal.type-of-status"
    return (
        Row(
            id="forced-01", what="failed", call=upload, about="acceptance.upload", accepted=True, needs=Capability.FAIL
        ),
        Row(id="forced-02", what="rate-limited", call=upload, about=limited, needs=Capability.LIMIT_RATE),
        Row(id="forced-03", what="storage-full", call=upload, about=limited, needs=Capability.FILL_STORAGE),
        Row(id="forced-04", what="forbidden", call=upload, about=limited, needs=Capability.FORBID),
    )
