"""``turnout gateway`` and ``turnout pages``: one of them alone, in the foreground. ``turnout up`` starts them all."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli.commands import flags_of
from gateway.cli.opening import load_settings
from gateway.cli.terminal import tell
from registry.serving import as_url


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
        url = as_url(chosen_host, at)
        tell(f"The gateway listens at {url}/v1 (Ctrl-C ends it). `turnout keys create NAME` makes a key.")

    uvloop.run(serve(settings, chosen_host, chosen_port, listening))


def pages(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="Where to listen; beyond 127.0.0.1 it wants an access key.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65_535, help="The port; 0 takes a free one.")] = None,
) -> None:
    """Serve the pages until Ctrl-C: runs, services, what they cost and why. One logs in with an access key."""
    import uvloop

    from dashboards.serving import serve

    settings = load_settings(flags_of(context))
    chosen_host = host or settings.gateway_host
    chosen_port = settings.pages_port if port is None else port

    def listening(at: int) -> None:
        tell(f"The pages are at {as_url(chosen_host, at)} (Ctrl-C ends it). `turnout keys create NAME` makes a key.")

    tell("Loading the pages …")
    uvloop.run(serve(settings, chosen_host, chosen_port, listening))
