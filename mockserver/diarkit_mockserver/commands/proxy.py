"""The command `proxy`: a fake in front of a live platform."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from diarkit_contracts.api.words import count
from diarkit_contracts.commands.flags import Command, UnwritableError, take
from diarkit_contracts.commands.output import Judging, Output, choose_generation
from diarkit_contracts.commands.target_flags import Access, blame_connection, read_way
from diarkit_contracts.exchanges.redaction import Redaction
from diarkit_contracts.runs.verdict import Exit
from diarkit_fixtures.errors import require
from diarkit_mockserver.commands.record import Saving
from diarkit_mockserver.commands.settings import PREFIX, Settings

if TYPE_CHECKING:
    from pathlib import Path

    from diarkit_mockserver.forward.witness import Witness

SERVED = (
    "host", "port", "scenario", "external_url", "tls_cert", "tls_key", "cors_origin", "forwarded_from", "control_token", "nonce",
    "log_level", "log_format", "quiet",
)  # fmt: skip
"""The settings of `serve` that also apply to a proxy."""

WAY = ("headers", "cacert", "insecure", "cert", "key", "proxy")
"""The connection flags of `verify`."""


@click.command(
    cls=Command,
    examples=(
        "diarkit proxy https://platform.example --save recorded.yaml",
        "diarkit proxy http://127.0.0.1:9000 --port 0 --scenario break-one-call.yaml --record traffic.ndjson",
    ),
)
@click.argument("url")
@take("saving", Saving)
@take("settings", Settings, *SERVED, prefix=PREFIX)
@take("access", Access, *WAY)
@take("judging", Judging)
@take("output", Output)
def proxy(  # noqa: PLR0913 - an argument for each group of flags
    url: str, *, saving: Saving, settings: Settings, access: Access, judging: Judging, output: Output
) -> None:
    """Run a proxy in front of the platform at URL until Ctrl-C.

    Requests, including uploads of any size, are streamed to the platform. Its answers are returned unchanged, except that X-Location
    leads to the proxy. Rules and faults of --scenario replace answers: if they depend only on path, query and headers, the request is
    not forwarded. Credentials are passed through and never saved.

    Each answer is checked against the contract, with a line on stderr for each finding and a summary at the end. Exit 0: no
    findings. 1: findings. 2: wrong usage.
    """
    from diarkit_contracts.runs.verify import verify_recording  # noqa: PLC0415 - imported on first use
    from diarkit_mockserver.commands.start import Started  # noqa: PLC0415
    from diarkit_mockserver.forward.gateway import Gateway  # noqa: PLC0415
    from diarkit_mockserver.forward.live import Live  # noqa: PLC0415
    from diarkit_mockserver.forward.recorder import Recorder  # noqa: PLC0415
    from diarkit_mockserver.forward.witness import Findings, Witness  # noqa: PLC0415

    require("jsonschema")
    with blame_connection():
        way = read_way(url, access)
        live = Live(way)
    held = judging.held
    source = Redaction(way.secrets).strike_url(way.url)
    recorder = Recorder(source, saving.asked)
    witness = Witness(recorder, saving.save, Findings(held))
    server = Started(settings)
    if server.is_at(way.url):
        raise click.UsageError(f"{source} would be this proxy itself: is the platform running? choose another --port")
    server.serve(Gateway(server.platform, live, witness.see))
    _end(witness, recorder.unended, saving.save)
    exchanges = witness.exchanges
    if not exchanges:
        click.echo("nothing was forwarded", err=True)
        return
    verdict = verify_recording(source, exchanges, choose_generation(held, exchanges))
    sys.exit(Exit.FINDINGS if output.show(verdict, judging.fail_on) == Exit.FINDINGS else Exit.FINE)


def _end(witness: Witness, unended: int, path: Path | None) -> None:
    """Report what is missing."""
    try:
        witness.save()
    except OSError as error:
        raise UnwritableError(str(path), error.strerror) from None
    if unended and path is not None:
        click.echo(f"{path}: {count(unended, 'task')} had not ended when last polled: not included", err=True)
    if witness.forgotten:
        click.echo(f"{count(witness.forgotten, 'exchange')} at the beginning discarded and not judged", err=True)
