"""The commands as click knows them: the authority on what a command line means, and on what help says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from gitmilestone.faces.cli.quick import spell_negations
from gitmilestone.faces.cli.spec import Argument, Command, Option, Parsed
from gitmilestone.faces.cli.table import GROUPS, PROGRAM, SECTIONS, SUMMARY, iter_commands
from gitmilestone.model.kinds import find_nearest

_SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_DIRECTORY = Option(("-C",), "Run as if started in that directory.", many=True, metavar="DIR")


def parse(argv: Sequence[str]) -> Parsed | int:
    """Understands a command line, or prints help; an int is the exit status.

    Raises:
        click.ClickException: It makes no sense.
    """
    result = _Program().main(list(argv), prog_name=PROGRAM, standalone_mode=False)
    return result if isinstance(result, Parsed) else int(result or 0)


class _Command(click.Command):
    """A command whose only deed is to say what it was asked for."""

    def __init__(self, command: Command) -> None:
        super().__init__(
            command.path[-1],
            context_settings=_SETTINGS,
            callback=self._answer,
            params=[
                *(_make_argument(argument) for argument in command.arguments),
                *(_make_option(option) for option in command.options),
            ],
            help=f"{command.summary}.\n\n{command.doc}",
            short_help=command.summary,
            hidden=not command.section,
        )
        self.command = command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, spell_negations(args) if self.command.takes_query else args)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_help_text(ctx, formatter)
        rows = [(argument.metavar, argument.doc) for argument in self.command.arguments]
        if rows:
            with formatter.section("Arguments"):
                formatter.write_dl(rows)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        if self.command.examples:
            with formatter.section("Examples"):
                for says, line in self.command.examples:
                    formatter.write_text(f"{says}:")
                    with formatter.indentation():
                        formatter.write(f"{' ' * formatter.current_indent}{line}\n")

    def _answer(self, **given: Any) -> Parsed:
        values = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
        clash = self.command.find_clash(values)
        if clash:
            flags = " and ".join("--" + name.replace("_", "-") for name in clash)
            raise click.UsageError(f"{flags} exclude each other.")
        context = click.get_current_context()
        return Parsed(self.command, values, context.find_root().params["C"])


class _Group(click.Group):
    def __init__(self, name: str, summary: str, params: list[click.Parameter] | None = None) -> None:
        super().__init__(
            name,
            context_settings=_SETTINGS,
            params=params,
            help=f"{summary}.",
            invoke_without_command=True,
            callback=_print_help_alone,
        )

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, known = args[0], self.list_commands(ctx)
        if name not in known and not name.startswith("-"):
            nearest = find_nearest(name, tuple(word for word in known if not self.commands[word].hidden))
            meant = f" Did you mean {nearest!r}?" if nearest else ""
            ctx.fail(f"No such command {name!r}.{meant}")
        return super().resolve_command(ctx, args)


class _Program(_Group):
    def __init__(self) -> None:
        super().__init__(PROGRAM, f"{PROGRAM}: {SUMMARY}", [_make_option(_DIRECTORY), _make_version_option()])
        groups = {name: _Group(name, summary) for name, summary in GROUPS.items()}
        for command in iter_commands():
            parent: click.Group = groups[command.path[0]] if len(command.path) > 1 else self
            parent.add_command(_Command(command))
        for group in groups.values():
            self.add_command(group)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        for section, title in SECTIONS.items():
            rows = [(command.name, command.summary) for command in iter_commands() if command.section == section]
            with formatter.section(title):
                formatter.write_dl(rows)


def _print_help_alone(**_: Any) -> None:
    context = click.get_current_context()
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def _print_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        click.echo(f"{PROGRAM} {find_version()}")
        context.exit()


def _make_version_option() -> click.Option:
    return click.Option(
        ["--version"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_print_version,
        help="Print the version and exit.",
    )


def find_version() -> str:
    """The installed version; "unknown" where the package is run without being installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("gitmilestone")
    except PackageNotFoundError:
        return "unknown"


def _make_argument(argument: Argument) -> click.Argument:
    return click.Argument(
        [argument.name],
        nargs=-1 if argument.many else 1,
        required=argument.required,
        metavar=argument.metavar,
        type=click.Choice(argument.choices) if argument.choices else None,
    )


def _make_option(option: Option) -> click.Option:
    if option.kind == "flag":
        return click.Option([*option.flags, option.name], is_flag=True, help=option.explanation)
    kind: click.ParamType[Any] = click.STRING
    if option.kind == "integer":
        kind = click.IntRange(min=0)
    elif option.kind == "choice":
        kind = click.Choice(option.choices)
    return click.Option(
        [*option.flags, option.name],
        type=kind,
        multiple=option.many,
        metavar=option.metavar or (None if option.kind == "choice" else option.value),
        help=option.explanation,
    )
