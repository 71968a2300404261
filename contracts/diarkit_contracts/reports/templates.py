"""The templates of pages, and how they are filled: each text is made printable and escaped. Knows no page."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from diarkit_contracts.exchanges.text import show_text


def make_environment() -> Environment:
    """Make what finds and fills templates."""
    return Environment(
        loader=PackageLoader("diarkit_contracts", "reports"),
        autoescape=True,
        finalize=_show,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _show(value: object) -> object:
    """Make each text of the page printable before it is escaped; markup is the template's own."""
    return show_text(value) if isinstance(value, str) and not isinstance(value, Markup) else value
