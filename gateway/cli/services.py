"""``turnout services``: the AI services that routing may choose from, as people list, add, switch and remove them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.commands import flags_of, new_group
from gateway.cli.opening import with_store
from gateway.cli.terminal import confirm, say, say_json, tell

if TYPE_CHECKING:
    from gateway.cli.opening import Opened
    from gateway.cli.services_shown import Found
    from registry import Catalogue

services = new_group(help="List, add, show, enable, disable and remove AI services.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The service's name, as `turnout services list` shows it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

_DEAREST_USD = 1_000_000_000


def _usd(text: str) -> Decimal:
    try:
        amount = Decimal(text.removeprefix("$"))
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or not 0 <= amount < _DEAREST_USD:
        raise typer.BadParameter(f"{text!r} is no price in US dollars, such as 0.15")
    return amount


def _price_option(what: str) -> Any:
    return typer.Option(metavar="USD", parser=_usd, help=f"US dollars {what}.", show_default=False)


@services.command("list")
def list_services(context: typer.Context, as_json: AsJson = False) -> None:
    """List all services: which are enabled, what they can do, and whether their keys are there."""
    from gateway.cli.services_shown import read_services, say_services, services_as_json

    async def work(opened: Opened) -> None:
        found = await read_services(_catalogue(opened))
        if as_json:
            say_json({"services": services_as_json(found)})
        else:
            say_services(found)

    with_store(flags_of(context), work)


@services.command()
def show(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Show one service: where it is, what it offers at which price, and how it did in the last 24 hours.

    Keys are never shown, only where they are looked for and whether they are there.
    """
    from gateway.cli.services_shown import read_health, read_service, say_service, service_as_json

    async def work(opened: Opened) -> None:
        found = await read_service(_catalogue(opened), name)
        health = await read_health(opened.store, found.offerings, opened.clock)
        if as_json:
            say_json(service_as_json(found, health))
        else:
            say_service(found, health)

    with_store(flags_of(context), work)


@services.command()
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name of your choice: small letters, digits, _ and -.")],
    model: Annotated[
        list[str],
        typer.Option(metavar="REMOTE[=NAME]", help="A model as the provider calls it; =NAME is how it is called here."),
    ],
    kind: Annotated[str, typer.Option(metavar="KIND", help="Which block speaks to it.")] = "openai_compatible",
    endpoint: Annotated[
        str | None, typer.Option(metavar="URL", help="Such as https://api.example.com/v1.", show_default=False)
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(metavar="env:NAME", help="Where its key is found, never the key itself.", show_default=False),
    ] = None,
    capability: Annotated[
        list[str] | None,
        typer.Option(metavar="WORK", help="What its models can do, such as text or image.", show_default="text"),
    ] = None,
    feature: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Such as json_schema or tools.", show_default="stream")
    ] = None,
    param: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="A parameter it accepts.", show_default="temperature, top_p, max_tokens, seed, stop"
        ),
    ] = None,
    context_window: Annotated[
        int | None,
        typer.Option(metavar="TOKENS", min=1, help="What goes in and comes out, at most.", show_default=False),
    ] = None,
    max_output: Annotated[
        int | None, typer.Option(metavar="TOKENS", min=1, help="What comes out, at most.", show_default=False)
    ] = None,
    price_in: Annotated[Decimal | None, _price_option("per million tokens that go in")] = None,
    price_out: Annotated[Decimal | None, _price_option("per million tokens that come out")] = None,
    price_picture: Annotated[Decimal | None, _price_option("a picture")] = None,
    price_call: Annotated[Decimal | None, _price_option("a call")] = None,
    quality: Annotated[
        float, typer.Option(metavar="SHARE", min=0, max=1, help="A guess in 0..1, until scores know better.")
    ] = 0.5,
    latency_ms: Annotated[float, typer.Option(metavar="MS", min=0, help="A guess, until calls know better.")] = 1_000.0,
    region: Annotated[str | None, typer.Option(metavar="NAME", help="Where it works.", show_default=False)] = None,
    data_policy: Annotated[
        str | None, typer.Option(metavar="NAME", help="What it does with your data.", show_default=False)
    ] = None,
    priority: Annotated[int, typer.Option(metavar="NUMBER", help="The lower one wins a tie.")] = 100,
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
        capabilities=tuple(capability or ("text",)),
        features=tuple(feature or ("stream",)),
        params=tuple(param or ("temperature", "top_p", "max_tokens", "seed", "stop")),
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
def enable(context: typer.Context, name: Name, yes: Yes = False) -> None:
    """Let routing choose a service. Asks first where that can cost money."""
    from gateway.cli.wording import can_cost, price_in_words

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
def disable(context: typer.Context, name: Name) -> None:
    """Keep routing from choosing a service. Calls that are under way come to their end."""
    _switch(context, name, enabled=False)
    say(f"Disabled {name}: routing leaves it out.")


@services.command()
def remove(context: typer.Context, name: Name, yes: Yes = False) -> None:
    """Remove a service with its models and prices. What it did stays in the ledger."""
    count = len(_read(context, name).offerings)
    models = f" with its {count} model{'s' if count != 1 else ''}" if count else ""
    confirm(f"Remove {name}{models}?", yes=yes)

    async def work(opened: Opened) -> None:
        await _catalogue(opened).remove_service(name)

    with_store(flags_of(context), work)
    say(f"Removed {name}. What it did stays in the ledger.")


def _read(context: typer.Context, name: str) -> Found:
    """A service, read before a question is asked about it: an event loop that waits for a person is deaf to Ctrl-C."""
    from gateway.cli.services_shown import read_service

    async def work(opened: Opened) -> Found:
        return await read_service(_catalogue(opened), name)

    return with_store(flags_of(context), work)


def _switch(context: typer.Context, name: str, *, enabled: bool) -> None:
    async def work(opened: Opened) -> None:
        await _catalogue(opened).set_enabled(name, enabled=enabled)

    with_store(flags_of(context), work)


def _catalogue(opened: Opened) -> Catalogue:
    from registry import Catalogue

    return Catalogue(opened.store, opened.clock, workspace=opened.settings.workspace)
