"""``turnout services wake``: a service that is out is called again, with whatever shares its account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.cli.tables import say_text
from gateway.cli.terminal import say
from routing.wording import out_in_words

if TYPE_CHECKING:
    from gateway.cli.opening import Opened
    from registry import Catalogue, Cooldown


async def wake_service(opened: Opened, catalogue: Catalogue, name: str) -> tuple[tuple[str, Cooldown], ...]:
    """End what keeps a service out, in every process; what it was, by the names of service and offerings.

    Raises:
        NotFound: there is no such service.
    """
    from registry import Cooldowns, outs_of

    service = await catalogue.service(name)
    offerings = await catalogue.offerings(name)
    names = {offering.offering_id: offering.name for offering in offerings}
    ended = await Cooldowns(opened.store, opened.clock).lift(outs_of(service, offerings))
    return tuple((names.get(cooldown.out.offering_id, name), cooldown) for cooldown in ended)


def say_woken(name: str, ended: tuple[tuple[str, Cooldown], ...]) -> None:
    """Print what was out and is not any more."""
    if not ended:
        say(f"{name} is not out: nothing keeps work from it.")
        return
    for what, cooldown in ended:
        say_text(f"{what} was {out_in_words(cooldown)}.")
    say(f"Woke {name}: running processes call it again within a second or two.")
