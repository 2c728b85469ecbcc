"""``turnout up``: one command that starts everything, and one Ctrl-C that stops it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.commands import flags_of
from gateway.cli.opening import load_settings
from gateway.cli.terminal import say, say_json, tell

if TYPE_CHECKING:
    from gateway.up.house import Addresses
    from registry import Home, Settings

STOP_SECONDS = 40.0


def up(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="Where gateway and pages listen.")] = None,
    gateway_port: Annotated[int | None, typer.Option(min=0, max=65_535, help="The gateway's; 0: a free one.")] = None,
    pages_port: Annotated[int | None, typer.Option(min=0, max=65_535, help="The pages'; 0: a free one.")] = None,
    prefect_port: Annotated[int | None, typer.Option(min=0, max=65_535, help="Prefect's; 0: a free one.")] = None,
    no_prefect: Annotated[bool, typer.Option("--no-prefect", help="Without Prefect's server and worker.")] = False,
    no_pages: Annotated[bool, typer.Option("--no-pages", help="Without the pages.")] = False,
    status: Annotated[bool, typer.Option("--status", help="Say whether it runs, and where.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="End what runs from this data directory.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON when all is ready.")] = False,
) -> None:
    """Start Prefect's server, a worker with the deployments of prefect.yaml, gateway and pages. Ctrl-C stops them all.

    With PREFECT_API_URL set, that server is used. Logs are in the data directory, under logs/.
    """
    from registry import Home

    settings = load_settings(flags_of(context))
    given = {
        "gateway_host": host, "gateway_port": gateway_port, "pages_port": pages_port, "prefect_port": prefect_port,
    }  # fmt: skip
    chosen = settings.model_copy(update={name: value for name, value in given.items() if value is not None})
    home = Home(settings.home).make()
    if status or stop:
        _status_or_stop(home, stop=stop, as_json=as_json)
        return
    raise typer.Exit(_run(chosen, home, no_prefect=no_prefect, no_pages=no_pages, as_json=as_json))


def _run(settings: Settings, home: Home, *, no_prefect: bool, no_pages: bool, as_json: bool) -> int:
    from gateway.up.house import House

    def ready(addresses: Addresses) -> None:
        if as_json:
            say(json.dumps({**addresses.listed(), "key": addresses.key, "pid": os.getpid()}))
        else:
            _say_ready(addresses)
        sys.stdout.flush()

    async def run() -> int:
        house = House(settings, home, with_prefect=not no_prefect, with_pages=not no_pages, told=tell, ready=ready)
        return await house.run()

    return asyncio.run(run())


def _say_ready(addresses: Addresses) -> None:
    if addresses.pages:
        say(f"Pages     {addresses.pages}")
    say(f"Gateway   {addresses.gateway}")
    if addresses.prefect:
        say(f"Prefect   {addresses.prefect}")
    if addresses.password_file:
        say(f"          its pages ask for the password in {addresses.password_file}")
    if addresses.key:
        say(f"Key       {addresses.key}")
        say("          the first access key, shown this once; `turnout keys` makes and revokes others")
        say()
        say("Try it:")
        say(f"  curl {addresses.gateway}/chat/completions -H 'Authorization: Bearer {addresses.key}' \\")
        say("""    -d '{"model": "auto", "messages": [{"role": "user", "content": "Name a lighthouse."}]}'""")
    tell("All is up; Ctrl-C stops it.")


def _status_or_stop(home: Home, *, stop: bool, as_json: bool) -> None:
    from gateway.up.house import lock_file
    from gateway.up.lock import read_up

    facts = read_up(lock_file(home))
    if not stop:
        if as_json:
            say_json({"up": bool(facts), **facts})
        elif facts:
            say(f"It runs (process {facts.get('pid')}).")
            for name, at in dict(facts.get("addresses", {})).items():
                say(f"  {name}  {at}")
        else:
            say("It does not run. `turnout up` starts it.")
        return
    if not facts:
        say("It does not run.")
        return
    os.kill(int(facts["pid"]), signal.SIGTERM)
    until = time.monotonic() + STOP_SECONDS
    while read_up(lock_file(home)):
        if time.monotonic() > until:
            tell(f"process {facts['pid']} has not ended within {STOP_SECONDS:.0f} s")
            raise typer.Exit(1)
        time.sleep(0.1)
    say("It has ended.")
