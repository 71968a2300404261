from __future__ import annotations

import pytest

from diarkit_contracts.api.evidence import Evidence, Severity, documented, inferred


@pytest.mark.parametrize(
    ("evidence", "severity", "cited"),
    [
        (documented("a page"), Severity.ERROR, "DOC: a page"),
        (inferred("a page"), Severity.WARNING, "INF: a page"),
        (documented("a page", Severity.WARNING), Severity.WARNING, "DOC: a page"),
        (inferred("a page", Severity.ERROR), Severity.ERROR, "INF: a page"),
    ],
)
def test_what_is_documented_is_an_error_unless_said_otherwise(
    evidence: Evidence, severity: Severity, cited: str
) -> None:
    assert (evidence.severity, str(evidence)) == (severity, cited)
