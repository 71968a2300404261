"""The environment of HTML templates, which makes texts printable and escapes them."""

from __future__ import annotations

from collections.abc import Callable

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from diarkit_contracts.exchanges.text import show_text


def make_environment(show: Callable[[str], str] = show_text) -> Environment:
    """Make the template environment; `show` makes each text printable before it is escaped, or returns escaped markup."""

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
