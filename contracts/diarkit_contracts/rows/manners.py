"""How requests are written: ways that HTTP and the form's type allow, as real clients use them. All mean the same to a server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from diarkit_contracts.exchanges.exchange import Headers
from diarkit_contracts.exchanges.form import USUAL, Style


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """One way to write a request.

    Attributes:
        style: of the form.
        typed: name of the header with its content type; names are case-insensitive (RFC 9110, 5.1).
        headers: sent as well; with Transfer-Encoding the body is sent in chunks.
        safe: characters of the query that are not encoded; commas are not in the reference.
    """

    style: Style = USUAL
    typed: str = "Content-Type"
    headers: Headers = ()
    safe: str = ","

    @property
    def is_chunked(self) -> bool:
        """Whether the body is sent in chunks of HTTP, without its length."""
        return any(name == "Transfer-Encoding" for name, _ in self.headers)


MANNERS: Final[Mapping[str, Manner]] = {
    "": Manner(),
    # DOC (guide, 3.6.0): its client is requests, which gives a file no type, and encodes commas.
    "as-requests": Manner(
        style=Style(
            boundary="0f8c2a6be1d94c7fa3b5d2e67c1908af",
            file='Content-Disposition: form-data; name="{}"; filename="{}"',
        ),
        safe="",
    ),
    # RFC 2046, 5.1.1: a boundary may be quoted. RFC 2183, 2: names are tokens or quoted. RFC 822: headers have no order.
    "as-dotnet": Manner(
        style=Style(
            boundary="5c9f1b1e-7d3a-4f0e-9a55-1c2f7f0f8d21",
            kind='multipart/form-data; boundary="{}"',
            text="Content-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name={}",
            file="Content-Type: audio/wav\r\nContent-Disposition: form-data; name={}; filename={}",
        )
    ),
    # RFC 2046, 5.1.1: up to 70 of these characters. RFC 9110, 5.6.6 and 8.3.1: names of types and parameters in any case.
    "long-boundary": Manner(
        style=Style(
            boundary="=_'(All)+the,characters-./of:RFC=2046?" + "0123456789ABCDEF" * 2,
            kind='Multipart/Form-Data; charset=utf-8;Boundary="{}"',
        )
    ),
    # RFC 7578, 4.8: other headers of a part are ignored. RFC 2046, 5.1: so are other parameters, and no line end follows the form.
    "part-headers": Manner(
        style=Style(
            boundary="b",
            kind="multipart/form-data;boundary={};charset=utf-8",
            text='content-disposition: form-data; name="{}"\r\ncontent-transfer-encoding: 8bit',
            file=(
                "content-type: audio/x-wav\r\ncontent-transfer-encoding: binary\r\nx-part: 1\r\n"
                'content-disposition: form-data; filename="{1}"; name="{0}"'
            ),
            end="--",
        )
    ),
    # RFC 9112, 7.1: as sent by Node's fetch, Go and Java for streams. RFC 9110, 10.1.1: as sent by curl for large files.
    "streamed": Manner(
        typed="content-type", headers=(("Transfer-Encoding", "chunked"), ("Expect", "100-continue")), safe=""
    ),
}
"""By name, as in the names of rows. What the documents leave open is in none of them, such as `filename*` (RFC 7578, 4.2)."""
