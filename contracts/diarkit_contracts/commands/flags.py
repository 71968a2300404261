"""Command-line flags as fields of frozen dataclasses, and help with groups and examples."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import field, fields
from functools import wraps
from pathlib import Path
from typing import Any, Final

import click

from diarkit_contracts.api.error import TerminatedError
from diarkit_fixtures.errors import MissingExtraError
from diarkit_fixtures.texts.write import explain_unwritable


class _Written(click.Path):
    """A file that can probably be written, as tested before anything is sent."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)
        self.name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path."""
        path: Any = super().convert(value, param, ctx)
        if problem := explain_unwritable(path):
            self.fail(problem, param, ctx)
        return path


READ: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
WRITTEN: Final = _Written()
"""Parameter types for a file that is read, or written."""

CRASHED = 70
"""EX_SOFTWARE of sysexits.h."""


def flag(*names: str, default: object = None, **attributes: Any) -> Any:
    """Declare a field that is a flag.

    Args:
        names: of the flag; default `--field-name`.
        default: of the field and the flag.
        attributes: of click's option, and `group`, the heading in the help; default the class's `GROUP`.
    """
    return field(default=default, metadata={"names": names, "attributes": attributes})


def take(keyword: str, settings: type[Any], *only: str, prefix: str = "") -> Callable[[Callable[..., None]], Any]:
    """Add the flags of a class to a command, which receives an instance of it as one argument.

    Args:
        keyword: name of the argument.
        settings: the dataclass; each field is declared by `flag`.
        only: names of fields; default all.
        prefix: of environment variables used for missing flags; none without it.
    """
    taken = [one for one in fields(settings) if not only or one.name in only]

    def decorate(command: Callable[..., None]) -> Any:
        @wraps(command)
        def call(**given: Any) -> None:
            own = {one.name: given.pop(one.name) for one in taken}
            command(**given, **{keyword: settings(**own)})

        for one in reversed(taken):
            attributes = {"group": getattr(settings, "GROUP", "Options"), **one.metadata["attributes"]}
            kind, default = attributes.get("type"), one.default
            default = kind.find_name(default) if isinstance(kind, Named) and default is not None else default
            attributes.setdefault("show_default", default is not False and default not in (None, "", ()))
            if default is not None:  # if passed, even None would satisfy a required flag
                attributes["default"] = default
            if prefix:
                attributes |= {"envvar": prefix + one.name.upper(), "show_envvar": True}
            names = one.metadata["names"] or ("--" + one.name.replace("_", "-"),)
            click.option(one.name, *names, cls=_Flag, **attributes)(call)
        return call

    return decorate


class UnwritableError(click.FileError):
    """A file can't be written. Exits like wrong usage, as 1 would mean findings."""

    exit_code = 2

    def format_message(self) -> str:
        """Return what can't be written, and why."""
        return f"can't write {self.ui_filename}: {self.message}"


def discard_output() -> None:
    """Discard the rest of stdout, as its buffer would fail again at interpreter exit, with another exit code."""
    with suppress(OSError):  # a replaced stdout without a descriptor, as in a test framework
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Named(click.Choice):  # type: ignore[type-arg]
    """A choice of values by name."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__(list(values))  # pyright: ignore[reportUnknownMemberType] - generic from click 8.2 on
        self._values = values

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value of a name."""
        return self._values[super().convert(value, param, ctx)]

    def find_name(self, value: object) -> str:
        """Return the name of a value."""
        return next(name for name, each in self._values.items() if each == value)


class Command(click.Command):
    """A command whose help shows its flags in groups, an optional table, and examples."""

    def __init__(
        self,
        *arguments: Any,
        table: tuple[str, Sequence[tuple[str, str]]] | None = None,
        examples: Sequence[str] = (),
        **more: Any,
    ) -> None:
        more["context_settings"] = {
            "help_option_names": ["-h", "--help"],
            "max_content_width": 120,
            **(more.get("context_settings") or {}),
        }
        super().__init__(*arguments, **more)
        self.table = table
        self.examples = tuple(examples)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an internal error has its own exit code, as Python's default would mean findings.

        Colours are disabled if the environment requests it (no-color.org).
        """
        if os.environ.get("NO_COLOR"):
            ctx.color = False
        for name in ("stdout", "stderr"):
            if getattr(sys, name) is None:  # its descriptor is closed
                setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - open to the end
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except MissingExtraError as error:
            raise click.UsageError(str(error), ctx) from None
        except KeyboardInterrupt as error:
            ctx.exit(143 if isinstance(error, TerminatedError) else 130)
        except Exception as error:  # noqa: BLE001 - any other exception is an internal error
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                discard_output()
                raise UnwritableError(str(error.filename or "standard output"), error.strerror) from None
            library = (
                (error.name or "diarkit").partition(".")[0] if isinstance(error, ModuleNotFoundError) else "diarkit"
            )
            if not library.startswith("diarkit"):
                # Reading a flag may require a library of the extra.
                raise click.UsageError(str(MissingExtraError(library))) from None
            click.echo(
                f"{traceback.format_exc()}this is a bug in diarkit, not in the server: please report it", err=True
            )
            ctx.exit(CRASHED)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the flags by group, then the subcommands."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx) if isinstance(parameter, click.Option) else None
            if record is not None:
                groups.setdefault(getattr(parameter, "group", "Options"), []).append(record)
        for heading, records in groups.items():
            with formatter.section(heading):
                formatter.write_dl(records)
        if isinstance(self, click.Group):
            self.format_commands(ctx, formatter)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - the library's signature
        """Write the table, if any, and the examples."""
        if self.table is not None:
            with formatter.section(self.table[0]):
                formatter.write_dl(self.table[1])
        with formatter.section("Examples"):
            for example in self.examples:
                formatter.write(f"{'':{formatter.current_indent}}{example}\n")


class Group(Command, click.Group):
    """A group of subcommands."""

    command_class = Command


class _Flag(click.Option):
    def __init__(self, *arguments: Any, group: str, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.group = group

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """Return the source of the value: the flag, or the environment variable."""
        if ctx is not None and ctx.get_parameter_source(self.name or "") is click.core.ParameterSource.ENVIRONMENT:
            return f"the environment variable {self.envvar}"
        return super().get_error_hint(ctx)
