"""``turnout gateway``: the HTTP API alone, in the foreground. ``turnout up`` starts it with everything else."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli.commands import flags_of
from gateway.cli.opening import load_settings
from gateway.cli.terminal import tell


def gateway(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="Where to listen; beyond 127.0.0.1 it wants an access key.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65_535, help="The port; 0 takes a free one.")] = None,
) -> None:
    """Serve the HTTP API until Ctrl-C: OpenAI's paths, runs, health and metrics, behind access keys."""
    import uvloop

    from gateway.http.serving import serve

    settings = load_settings(flags_of(context))
    chosen_host = host or settings.gateway_host
    chosen_port = settings.gateway_port if port is None else port

    def listening(at: int) -> None:
        shown = f"[{chosen_host}]" if ":" in chosen_host else chosen_host
        tell(f"The gateway listens at http://{shown}:{at}/v1 (Ctrl-C ends it). `turnout keys create NAME` makes a key.")

    uvloop.run(serve(settings, chosen_host, chosen_port, listening))
