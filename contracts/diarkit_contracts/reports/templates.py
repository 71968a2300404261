"""The templates of pages, and how they are filled: each text is made printable and escaped. Knows no page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from diarkit_contracts.exchanges.text import show_text

if TYPE_CHECKING:
    from collections.abc import Callable


def make_environment(show: Callable[[str], str] = show_text) -> Environment:
    """Make what finds and fills templates.

    Args:
        show: makes each text of a page printable before it is escaped, or returns it escaped, as markup.
    """

    def finalize(value: object) -> object:
        return show(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    return Environment(
        loader=PackageLoader("diarkit_contracts", "reports"),
        autoescape=True,
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
