"""Hold our reader of forms against FastAPI with python-multipart, and print the table. It is long, as it is one table of bodies.

    PYTHONPATH=fixtures:contracts:mockserver python tests/peers/form_table.py > tests/peers/form_table.txt

The platform's answers look like FastAPI's (INF, contract facts 6), so FastAPI is what our reader is like, whoever sends an odd form. A row in
which we differ says why; the suite runs the same rows (tests/mockserver/intake/test_form_table.py).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from dataclasses import dataclass
from importlib.metadata import version
from typing import Annotated, Any, Final

from fastapi import FastAPI, Form, UploadFile
from pydantic import Json  # noqa: TC002 - FastAPI reads it

from diarkit_mockserver.intake.parameters import decode_config
from diarkit_mockserver.intake.refusals import Refusal
from diarkit_mockserver.intake.submission import Media
from diarkit_mockserver.intake.upload import UploadReader

KIND: Final = "multipart/form-data; boundary=b"
FILE: Final = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF\r\n'
CONFIG: Final = b'--b\r\nContent-Disposition: form-data; name="config"\r\n\r\n{"max_speakers": 2}\r\n'
END: Final = b"--b--\r\n"

NO_FORM: Final = "a part of a form says form-data (RFC 7578, 4.2), and `multipart` wants it"
LENIENT: Final = "`multipart` takes it, as RFC 822 did; no client writes it"
TYPED: Final = "the platform's config has a type (INF), which Json alone has not: no object is none of it"
STRICT: Final = "it is no JSON (RFC 8259, 6): a client that passes here passes everywhere"
CUT: Final = "the body has no end: named as that, where there the part that is cut off is missing"
EXTENDED: Final = "python-multipart read it so until 0.0.20, and urllib3 1.26, under the guide's requests, sends it"
BROWSER: Final = "`multipart` reads names as browsers write them (WHATWG), and drops the folders of old Windows ones"
BROKEN_NAME: Final = "`multipart` reads what is well formed of it (RFC 9110, 5.6.6); no client writes it"
HELD: Final = "`multipart` holds a part to its length, which RFC 7578, 4.8 has ignored; no client writes a wrong one"
PREFIX: Final = "no line of a part begins with the boundary (RFC 2046, 5.1.1), so that the body is broken"

OUTCOME = tuple[int, dict[str, Any]]


@dataclass(frozen=True)
class Row:
    """A body.

    Attributes:
        name: what is odd about it.
        body: as sent.
        kind: its Content-Type.
        why: we differ from FastAPI; empty where we don't.
    """

    name: str
    body: bytes
    kind: str = KIND
    why: str = ""


def file(
    disposition: str = 'form-data; name="file"; filename="a.wav"', content: bytes = b"RIFF", more: str = ""
) -> bytes:
    """Write a part."""
    return (
        b"--b\r\nContent-Disposition: " + disposition.encode() + b"\r\n" + more.encode() + b"\r\n" + content + b"\r\n"
    )


def config(text: bytes, rest: str = "", more: str = "") -> bytes:
    """Write a part `config`."""
    return file(f'form-data; name="config"{rest}', text, more)


def fields(number: int, name: str = "x", rest: str = "") -> bytes:
    """Write parts that nobody knows."""
    return b"".join(file(f'form-data; name="{name}{index}"{rest}', b"1") for index in range(number))


ROWS: Final = (
    Row("file", FILE + END),
    Row("file and config", FILE + CONFIG + END),
    Row("config first", CONFIG + FILE + END),
    Row("config alone", CONFIG + END),
    Row("empty file", file(content=b"") + END),
    Row("blob config", FILE + config(b'{"max_speakers": 2}', '; filename="blob"', "Content-Type: application/json\r\n") + END),
    Row("config with a type", FILE + config(b'{"max_speakers": 2}', "", "Content-Type: application/json\r\n") + END),
    Row("config with an empty file name", FILE + config(b"{}", '; filename=""') + END),
    Row("no file chosen", file('form-data; name="file"; filename=""', b"", "Content-Type: application/octet-stream\r\n") + END),
    Row("file name empty, bytes there", file('form-data; name="file"; filename=""') + END),
    Row("file as text", file('form-data; name="file"') + END),
    Row("empty file as text", file('form-data; name="file"', b"") + END),
    Row("part without a name", FILE + file('form-data; filename="x"') + END),
    Row("text part without a name", FILE + file("form-data", b"1") + END),
    Row("part with an empty name", FILE + file('form-data; name=""', b"1") + END),
    Row("part without a disposition", FILE + b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n" + END),
    Row("part without headers", FILE + b"--b\r\n\r\nx\r\n" + END),
    Row("disposition attachment", file('attachment; name="file"; filename="a.wav"') + END, why=NO_FORM),
    Row("disposition in capitals", file('FORM-DATA; NAME="file"; FILENAME="a.wav"') + END),
    Row("header names in small letters", b'--b\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF\r\n' + END),
    Row("no space behind the colon", b'--b\r\nContent-Disposition:form-data; name="file"; filename="a.wav"\r\n\r\nRIFF\r\n' + END),
    Row("space before the colon", b'--b\r\nContent-Disposition : form-data; name="file"; filename="a.wav"\r\n\r\nRIFF\r\n' + END, why=LENIENT),
    Row("folded header", file('form-data;\r\n name="file"; filename="a.wav"') + END, why=LENIENT),
    Row("folded by a tab", file('form-data;\r\n\tname="file";\r\n\tfilename="a.wav"') + END, why=LENIENT),
    Row("two dispositions", b'--b\r\nContent-Disposition: form-data; name="x"\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF\r\n' + END),
    Row("header without a colon", b"--b\r\nContent-Disposition form-data\r\n\r\nRIFF\r\n" + END),
    Row("name without quotes", file("form-data; name=file; filename=a.wav") + END),
    Row("names in single quotes", file("form-data; name='file'; filename='a.wav'") + END),
    Row("file name first", file('form-data; filename="a.wav"; name="file"') + END),
    Row("empty config", FILE + config(b"") + END),
    Row("blank config", FILE + config(b"  ") + END),
    Row("null config", FILE + config(b"null") + END, why=TYPED),
    Row("config is a list", FILE + config(b"[1]") + END, why=TYPED),
    Row("config is a number", FILE + config(b"1") + END, why=TYPED),
    Row("config is no JSON", FILE + config(b"{max: 1}") + END),
    Row("config with NaN", FILE + config(b'{"x": NaN}') + END, why=STRICT),
    Row("config with a byte order mark", FILE + config("\ufeff{}".encode()) + END),
    Row("config in latin-1", FILE + config('{"x": "é"}'.encode("latin-1")) + END),
    Row("config in latin-1, and says so", FILE + config('{"x": "é"}'.encode("latin-1"), "", "Content-Type: application/json; charset=latin-1\r\n") + END),
    Row("config with line ends", FILE + config(b'{\r\n"max_speakers": 2\r\n}') + END),
    Row("config twice", FILE + config(b'{"a": 1}') + config(b'{"b": 2}') + END),
    Row("config text, then blob", FILE + config(b'{"a": 1}') + config(b'{"b": 2}', '; filename="blob"') + END),
    Row("config blob, then text", FILE + config(b'{"a": 1}', '; filename="blob"') + config(b'{"b": 2}') + END),
    Row("file twice", file(content=b"one") + file('form-data; name="file"; filename="b.wav"', b"two") + END),
    Row("file, then text", FILE + file('form-data; name="file"', b"text") + END),
    Row("text, then file", file('form-data; name="file"', b"text") + FILE + END),
    Row("line ends of Unix", (FILE + END).replace(b"\r\n", b"\n")),
    Row("line ends of old Macs", (FILE + END).replace(b"\r\n", b"\r")),
    Row("line ends ahead", b"\r\n" + FILE + END),
    Row("two line ends ahead", b"\r\n\r\n" + FILE + END),
    Row("a line end of Unix ahead", b"\n" + FILE + END),
    Row("text ahead", b"This is a form.\r\n" + FILE + END),
    Row("text behind", FILE + END + b"more"),
    Row("another form behind", FILE + END + FILE + END),
    Row("no line end at the end", FILE + END[:-2]),
    Row("blanks behind a boundary", FILE.replace(b"--b\r\n", b"--b  \r\n") + END),
    Row("blanks behind the last boundary", FILE + b"--b--  \r\n"),
    Row("1,000 fields", fields(998) + FILE + CONFIG + END),
    Row("1,001 fields", FILE + fields(1001) + END),
    Row("1,000 files", fields(999, "x", '; filename="x"') + FILE + END),
    Row("1,001 files", fields(1000, "x", '; filename="x"') + FILE + END),
    Row("1,000 fields and a file", fields(1000) + FILE + END),
    Row("empty body", b""),
    Row("only the end", END),
    Row("only the end, without a line end", b"--b--"),
    Row("only a boundary", b"--b\r\n", why=CUT),
    Row("cut off in the file", FILE[:-4], why=CUT),
    Row("cut off behind the file", FILE, why=CUT),
    Row("cut off in the head", FILE[:30], why=CUT),
    Row("cut off in the boundary", FILE + b"--", why=CUT),
    Row("cut off before the last dashes", FILE + b"--b", why=CUT),
    Row("cut off in the last dashes", FILE + b"--b-", why=CUT),
    Row("name in latin-1", FILE.replace(b"a.wav", "é.wav".encode("latin-1")) + END),
    Row("name in UTF-8", file('form-data; name="file"; filename="é.wav"') + END),
    Row("only filename*", file("form-data; name=\"file\"; filename*=UTF-8''%C3%A9.wav") + END, why=EXTENDED),
    Row("filename and filename*", file("form-data; name=\"file\"; filename=\"e.wav\"; filename*=UTF-8''%C3%A9.wav") + END, why=EXTENDED),
    Row("filename* in latin-1", file("form-data; name=\"file\"; filename*=iso-8859-1''%E9.wav") + END, why=EXTENDED),
    Row("percent-encoded name", file('form-data; name="file"; filename="%C3%A9.wav"') + END),
    Row("name with a path", file('form-data; name="file"; filename="C:\\\\audio\\\\a.wav"') + END),
    Row("name with a quote", file('form-data; name="file"; filename="a\\"b.wav"') + END),
    Row("name with a quote, as in a browser", file('form-data; name="file"; filename="a%22b.wav"') + END, why=BROWSER),
    Row("name on a share", file('form-data; name="file"; filename="\\\\srv\\a.wav"') + END, why=BROWSER),
    Row("name with an escaped backslash", file('form-data; name="file"; filename="a\\\\b.wav"') + END),
    Row("name with a blank, without quotes", file('form-data; name="file"; filename=a b.wav') + END, why=BROKEN_NAME),
    Row("name without its last quote", file('form-data; name="file"; filename="a.wav') + END, why=BROKEN_NAME),
    Row("name with more behind it", file('form-data; name="file"; filename="a.wav" x') + END, why=BROKEN_NAME),
    Row("part with its length", file(more="Content-Length: 4\r\n") + END),
    Row("part with another length", file(more="Content-Length: 5\r\n") + END, why=HELD),
    Row("name with a semicolon", file('form-data; name="file"; filename="a;b.wav"') + END),
    Row("field name in latin-1", FILE + file().replace(b'"file"', b'"f\xe9"') + END),
    Row("quoted boundary", FILE + END, 'multipart/form-data; boundary="b"'),
    Row("boundary in capitals", FILE + END, "Multipart/Form-Data; Boundary=b"),
    Row("odd boundary", (FILE + END).replace(b"--b", b"--a'()+_,-./:=?b"), "multipart/form-data; boundary=\"a'()+_,-./:=?b\""),
    Row("boundary with a blank", (FILE + END).replace(b"--b", b"--a b"), 'multipart/form-data; boundary="a b"'),
    Row("boundary of 70", (FILE + END).replace(b"--b", b"--" + b"x" * 70), "multipart/form-data; boundary=" + "x" * 70),
    Row("boundary of 200", (FILE + END).replace(b"--b", b"--" + b"x" * 200), "multipart/form-data; boundary=" + "x" * 200),
    Row("boundary of 300", (FILE + END).replace(b"--b", b"--" + b"x" * 300), "multipart/form-data; boundary=" + "x" * 300),
    Row("another boundary", FILE + END, "multipart/form-data; boundary=c"),
    Row("no boundary", FILE + END, "multipart/form-data"),
    Row("empty boundary", FILE + END, "multipart/form-data; boundary="),
    Row("two boundaries, the first right", FILE + END, "multipart/form-data; boundary=b; boundary=c"),
    Row("two boundaries, the second right", FILE + END, "multipart/form-data; boundary=c; boundary=b"),
    Row("charset beside the boundary", FILE + END, "multipart/form-data; charset=utf-8; boundary=b"),
    Row("boundary inside the file", file(content=b"x--b--\r\n--by") + END, why=PREFIX),
    Row("boundary begins a line of the file", file(content=b"\r\n--bx") + END, why=PREFIX),
    Row("mixed", FILE + END, "multipart/mixed; boundary=b"),
    Row("a mixed part", b'--b\r\nContent-Disposition: form-data; name="file"\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Disposition: file; filename="a.wav"\r\n\r\nRIFF\r\n--c--\r\n' + END),
    Row("JSON", b'{"file": "a"}', "application/json"),
    Row("form of text", b"file=a&config=%7B%7D", "application/x-www-form-urlencoded"),
    Row("no type", FILE + END, ""),
    Row("file in base64", file(content=b"UklGRg==", more="Content-Transfer-Encoding: base64\r\n") + END),
    Row("file in 8bit", file(more="Content-Transfer-Encoding: 8bit\r\n") + END),
    Row("file in quoted-printable", file(content=b"=52IFF", more="Content-Transfer-Encoding: quoted-printable\r\n") + END),
    Row("config in base64", FILE + config(b"e30=", more="Content-Transfer-Encoding: base64\r\n") + END),
    Row("long header", file(more="X-Long: " + "x" * 5000 + "\r\n") + END),
    Row("many headers", file(more="".join(f"X-{index}: 1\r\n" for index in range(20))) + END),
    Row("empty header value", file(more="X-Empty:\r\n") + END),
    Row("null byte in a header", file(more="X-Null: a\0b\r\n") + END),
    Row("large unknown field", FILE + file('form-data; name="x"', b"x" * (1 << 20)) + END),
    Row("too large unknown field", FILE + file('form-data; name="x"', b"x" * ((1 << 20) + 1)) + END),
    Row("too large config", FILE + config(b'"' + b"x" * (1 << 20) + b'"') + END),
)  # fmt: skip


def make_app() -> FastAPI:
    """Make what the platform's answers look like."""
    app = FastAPI()

    @app.post("/")
    async def start(file: UploadFile, config: Annotated[Json | None, Form()] = None) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction, reportUnknownParameterType, reportMissingTypeArgument]
        content = await file.read()
        return {"filename": file.filename, "sha256": hashlib.sha256(content).hexdigest()[:8], "config": config}

    return app


def ask_fastapi(app: FastAPI, row: Row) -> OUTCOME:
    """Send a body, in this process."""
    sent: list[Any] = []
    bodies = [{"type": "http.request", "body": row.body, "more_body": False}]

    async def receive() -> Any:
        return bodies.pop()

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", row.kind.encode("latin-1"))] if row.kind else []
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "query_string": b"",
        "headers": headers,
        "http_version": "1.1",
    }
    asyncio.run(app(scope, receive, send))
    status = sent[0]["status"]
    return status, json.loads(sent[1]["body"]) if status == 200 else {}


def ask_ours(row: Row, chunk: int | None = None) -> OUTCOME:
    """Read a body, all of it at once or in chunks."""
    reader = UploadReader(row.kind, largest_file=None, assumed=Media())
    size = chunk or max(len(row.body), 1)
    for start in range(0, len(row.body), size):
        reader.feed(row.body[start : start + size])
    try:
        upload = reader.close()
        config = None if upload.config is None else decode_config(upload.config)
    except Refusal as refusal:
        return refusal.status, {}
    return 200, {"filename": upload.filename, "sha256": upload.sha256[:8], "config": config}


def _write(outcome: OUTCOME) -> str:
    status, read = outcome
    return f"{status} {read['filename']} {read['sha256']} {json.dumps(read['config'])}"[:60] if read else str(status)


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def main() -> None:
    """Print the table."""
    app = make_app()
    names = ("fastapi", "starlette", "python-multipart", "multipart")
    _print(", ".join(f"{name} {version(name)}" for name in names))
    differ = 0
    for row in ROWS:
        theirs, ours = ask_fastapi(app, row), ask_ours(row)
        differ += theirs != ours
        _print(f"{row.name:36} {_write(theirs):44}" + ("" if theirs == ours else f" ours: {_write(ours)}: {row.why}"))
    _print(f"{len(ROWS)} bodies, {differ} read in another way on purpose")


if __name__ == "__main__":
    main()
