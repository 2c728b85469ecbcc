"""``turnout services``: the AI services that routing may choose from, as people list, add, switch and remove them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer  # noqa: TC002 - Typer reads the annotations

from gateway.cli import services_options as options
from gateway.cli.commands import flags_of, new_group
from gateway.cli.opening import in_loop, load_settings, with_store
from gateway.cli.terminal import confirm, say, say_json, tell

if TYPE_CHECKING:
    from gateway.cli.opening import Opened
    from gateway.cli.services_shown import Found
    from registry import Catalogue
    from routing.probing import ProbedService

services = new_group(help="List, add, show, enable, disable, wake, remove, probe and discover AI services.")


@services.command("list")
def list_services(context: typer.Context, as_json: options.AsJson = False) -> None:
    """List all services: which are enabled or out, what they can do, and whether their keys are there."""
    from gateway.cli.services_json import services_as_json
    from gateway.cli.services_shown import read_services, say_services

    async def work(opened: Opened) -> None:
        found = await read_services(_catalogue(opened), opened.store, opened.clock)
        if as_json:
            say_json({"services": services_as_json(found)})
        else:
            say_services(found)

    with_store(flags_of(context), work)


@services.command()
def show(context: typer.Context, name: options.Name, as_json: options.AsJson = False) -> None:
    """Show one service: where it is, what it offers at which price, and how it did in the last 24 hours.

    Keys are never shown, only where they are looked for and whether they are there.
    """
    from gateway.cli.services_json import service_as_json
    from gateway.cli.services_shown import read_health, read_service, say_service

    async def work(opened: Opened) -> None:
        found = await read_service(_catalogue(opened), opened.store, opened.clock, name)
        health = await read_health(opened.store, found.offerings, opened.clock)
        if as_json:
            say_json(service_as_json(found, health))
        else:
            say_service(found, health)

    with_store(flags_of(context), work)


@services.command()
def add(
    context: typer.Context,
    name: options.NewName,
    model: options.Models,
    kind: options.Kind = "openai_compatible",
    endpoint: options.Endpoint = None,
    key: options.Key = None,
    capability: options.Capabilities = None,
    feature: options.Features = None,
    param: options.Params = None,
    context_window: options.ContextWindow = None,
    max_output: options.MaxOutput = None,
    price_in: options.PriceIn = None,
    price_out: options.PriceOut = None,
    price_picture: options.PricePicture = None,
    price_call: options.PriceCall = None,
    quality: options.Quality = 0.5,
    latency_ms: options.LatencyMs = 1_000.0,
    region: options.Region = None,
    data_policy: options.DataPolicy = None,
    priority: options.Priority = 100,
) -> None:
    """Add a service. It starts disabled, so that it spends nothing before you say so.

    For example, a server of your own that speaks OpenAI's protocol:

    turnout services add mine --endpoint http://127.0.0.1:8000/v1 --model llama3.1 --price-in 0 --price-out 0

    --model, --capability, --feature and --param may stand several times. All models get the same figures; a price
    that is not given is unknown, which is not the same as free.
    """
    from gateway.cli.services_added import ModelFigures, NewService, add_service

    new = NewService(
        name=name, kind=kind, endpoint=endpoint, key=key, region=region, data_policy=data_policy, priority=priority
    )
    figures = ModelFigures(
        capabilities=tuple(capability or options.CAPABILITIES),
        features=tuple(feature or options.FEATURES),
        params=tuple(param or options.PARAMS),
        context_window=context_window,
        max_output_tokens=max_output,
        price_in_usd=price_in,
        price_out_usd=price_out,
        price_picture_usd=price_picture,
        price_call_usd=price_call,
        quality=quality,
        latency_ms=latency_ms,
    )
    offerings = with_store(flags_of(context), lambda opened: add_service(opened, new, figures, model))
    say(f"Added {name} with {', '.join(offering.model.name for offering in offerings)}.")
    say(f"It is disabled; `turnout services enable {name}` lets routing choose it.")


@services.command()
def enable(context: typer.Context, name: options.Name, yes: options.Yes = False) -> None:
    """Let routing choose a service. Asks first where that can cost money."""
    from routing.wording import can_cost, price_in_words

    found = _read(context, name)
    if found.service.enabled:
        say(f"{name} is enabled already.")
        return
    paid = [offering for offering in found.offerings if can_cost(offering)]
    if paid:
        prices = "; ".join(f"{offering.model.name}: {price_in_words(offering.price)}" for offering in paid)
        confirm(f"{name} can spend money ({prices}). Enable it?", yes=yes)
    _switch(context, name, enabled=True)
    say(f"Enabled {name}: routing may choose it now.{' It can spend money.' if paid else ''}")
    if found.key_missing:
        tell(f"Its key is missing: {found.service.credential_ref}. Routing leaves {name} out until it is there.")
    if not found.offerings:
        tell(f"{name} offers no model yet, so nothing can be chosen.")


@services.command()
def disable(context: typer.Context, name: options.Name) -> None:
    """Keep routing from choosing a service. Calls that are under way come to their end."""
    _switch(context, name, enabled=False)
    say(f"Disabled {name}: routing leaves it out.")


@services.command()
def wake(context: typer.Context, name: options.Name) -> None:
    """Call a service again that is out: what providers said to keep away from it is forgotten, in every process.

    A service goes out when it says that it has no credit left (402), refuses the key (401), names a time to come back
    (429), or has a model no more (404). It comes back by itself when that time is over, or a call works.
    """
    from gateway.cli.services_woken import say_woken, wake_service

    say_woken(name, with_store(flags_of(context), lambda opened: wake_service(opened, _catalogue(opened), name)))


@services.command()
def remove(context: typer.Context, name: options.Name, yes: options.Yes = False) -> None:
    """Remove a service with its models and prices. What it did stays in the ledger."""
    count = len(_read(context, name).offerings)
    models = f" with its {count} model{'s' if count != 1 else ''}" if count else ""
    confirm(f"Remove {name}{models}?", yes=yes)

    async def work(opened: Opened) -> None:
        await _catalogue(opened).remove_service(name)

    with_store(flags_of(context), work)
    say(f"Removed {name}. What it did stays in the ledger.")


@services.command()
def probe(context: typer.Context, names: options.Names = None, as_json: options.AsJson = False) -> None:
    """Ask services whether they are up: all enabled ones, or those named. Nothing is asked that costs money.

    What they say is kept, and shown by the pages. One that is up and was out is called again. Ends with 0 whatever
    they say.
    """
    from gateway.cli.services_asked import probes_as_json, say_probes
    from routing import Runtime
    from routing.probing import probe as ask

    settings = load_settings(flags_of(context))

    async def work() -> tuple[ProbedService, ...]:
        async with Runtime.open(settings) as runtime:
            return await ask(runtime, names or (), by_hand=True)

    found = in_loop(work)
    if as_json:
        say_json({"services": probes_as_json(found)})
    else:
        say_probes(found)


@services.command()
def discover(context: typer.Context, as_json: options.AsJson = False) -> None:
    """Look for AI servers on this machine (Ollama, LM Studio, vLLM, llama.cpp and their like), for a second.

    One that was never here is added with its models, disabled. What was removed here stays removed.
    """
    from gateway.cli.services_asked import found_as_json, say_found
    from gateway.discovering import look_around

    kept = with_store(flags_of(context), lambda opened: look_around(opened.store, opened.settings))
    if as_json:
        say_json({"servers": found_as_json(kept)})
    else:
        say_found(kept)


def _read(context: typer.Context, name: str) -> Found:
    """A service, read before a question is asked about it: an event loop that waits for a person is deaf to Ctrl-C."""
    from gateway.cli.services_shown import read_service

    async def work(opened: Opened) -> Found:
        return await read_service(_catalogue(opened), opened.store, opened.clock, name)

    return with_store(flags_of(context), work)


def _switch(context: typer.Context, name: str, *, enabled: bool) -> None:
    async def work(opened: Opened) -> None:
        await _catalogue(opened).set_enabled(name, enabled=enabled)

    with_store(flags_of(context), work)


def _catalogue(opened: Opened) -> Catalogue:
    from registry import Catalogue

    return Catalogue(opened.store, opened.clock, workspace=opened.settings.workspace)
