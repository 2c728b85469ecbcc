"""The arguments and options of ``turnout services``, each with its sentence of help."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import typer

_DEAREST_USD = 1_000_000_000
_LEFT_OUT = {"show_default": False}

# What servers that speak OpenAI's protocol nearly always take, do and offer.
PARAMS = ("temperature", "top_p", "max_tokens", "seed", "stop")
FEATURES = ("stream",)
CAPABILITIES = ("text",)


def _usd(text: str) -> Decimal:
    try:
        amount = Decimal(text.removeprefix("$"))
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or not 0 <= amount < _DEAREST_USD:
        raise typer.BadParameter(f"{text!r} is no price in US dollars, such as 0.15")
    return amount


def _option(metavar: str, sentence: str, **more: Any) -> Any:
    return typer.Option(metavar=metavar, help=sentence, **{**_LEFT_OUT, **more})


def _several(metavar: str, sentence: str, default: tuple[str, ...]) -> Any:
    return typer.Option(metavar=metavar, help=sentence, show_default=", ".join(default))


def _usd_option(what: str) -> Any:
    return _option("USD", f"US dollars {what}.", parser=_usd)


Name = Annotated[str, typer.Argument(metavar="NAME", help="The service's name, as `turnout services list` shows it.")]
Names = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME]...", help="Services; left out: all that are enabled.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

NewName = Annotated[str, typer.Argument(metavar="NAME", help="A name of your choice: small letters, digits, _ and -.")]
Models = Annotated[list[str], _option("REMOTE[=NAME]", "A model as the provider calls it; =NAME: as you will.")]
Kind = Annotated[str, typer.Option(metavar="KIND", help="Which block speaks to it.")]
Endpoint = Annotated[str | None, _option("URL", "Such as https://api.example.com/v1.")]
Key = Annotated[str | None, _option("env:NAME", "Where its key is found, never the key itself.")]
Capabilities = Annotated[list[str] | None, _several("WORK", "What its models can do.", CAPABILITIES)]
Features = Annotated[list[str] | None, _several("NAME", "Such as json_schema or tools.", FEATURES)]
Params = Annotated[list[str] | None, _several("NAME", "A parameter it accepts.", PARAMS)]
ContextWindow = Annotated[int | None, _option("TOKENS", "What goes in and comes out, at most.", min=1)]
MaxOutput = Annotated[int | None, _option("TOKENS", "What comes out, at most.", min=1)]
PriceIn = Annotated[Decimal | None, _usd_option("per million tokens that go in")]
PriceOut = Annotated[Decimal | None, _usd_option("per million tokens that come out")]
PricePicture = Annotated[Decimal | None, _usd_option("a picture")]
PriceCall = Annotated[Decimal | None, _usd_option("a call")]
Quality = Annotated[
    float, _option("SHARE", "A guess in 0..1, until scores know better.", min=0, max=1, show_default=True)
]
LatencyMs = Annotated[float, _option("MS", "A guess, until calls know better.", min=0, show_default=True)]
Region = Annotated[str | None, _option("NAME", "Where it works.")]
DataPolicy = Annotated[str | None, _option("NAME", "What it does with your data.")]
Priority = Annotated[int, _option("NUMBER", "The lower one wins a tie.", show_default=True)]
