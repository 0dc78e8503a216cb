"""The command group: gives every command its output, and turns errors into sentences and exit codes."""

from typing import Any

import typer
from typer.core import TyperGroup

from nas_service.cli.errors import CliError, ExitCode
from nas_service.cli.output import JSON_FLAG, Output
from nas_service.cli.spec.document import SpecFileError
from nas_service.client import ClientError
from nas_service.extras import MissingExtraError


class ExplainingGroup(TyperGroup):
    """Commands below it may raise CliError, SpecFileError, ClientError and MissingExtraError."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the flag that decides how everything is shown, errors included, before any command runs."""
        ctx.obj = Output(as_json=JSON_FLAG in args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command. Exits with the code that `nas_service.cli.errors` gives to the failure."""
        output: Output = ctx.obj
        try:
            return super().invoke(ctx)
        except SpecFileError as error:
            errors = [{"line": p.line, "field": p.field, "message": p.message} for p in error.problems]
            output.fail({"type": "invalid-spec", "file": error.path, "errors": errors}, error.lines())
            raise typer.Exit(ExitCode.USAGE) from None
        except ClientError as error:
            refused = 400 <= error.problem.status < 500
            output.fail(error.problem.model_dump(mode="json"), [f"error: {error.problem.detail}"])
            raise typer.Exit(ExitCode.USAGE if refused else ExitCode.FAILED) from None
        except KeyboardInterrupt:
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        except MissingExtraError as error:
            output.fail({"detail": str(error)}, [f"error: {error}"])
            raise typer.Exit(ExitCode.FAILED) from None
        except CliError as error:
            output.fail({"detail": str(error)}, [f"error: {error}"])
            raise typer.Exit(error.exit_code) from None
