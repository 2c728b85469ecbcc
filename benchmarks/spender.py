"""One of several processes that spend a budget and a limit together; tells what it was let spend. Not a test by itself.

``python -m benchmarks.spender URL NAME COST_NANOUSD SECONDS [tell]``: says that it is ready, waits for a line, then
holds, settles and holds again, for as long as anything is given and at most so long; prints what it has spent as JSON.
NAME is the service that it calls. With ``tell`` it prints each call's cost the moment that it falls due.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time

from registry import Store
from registry.words import Capability, Message, Model, Offering, Price, Service, TaskRequest
from routing import Allowances, Hold
from routing.purses import DRY_SECONDS

TRIES_IN_VAIN = 8  # after so many refusals in a row, with a wait between them, there is nothing left


def offering_of(name: str) -> Offering:
    """An offering that calls could go to."""
    service = Service(service_id=1, name=name, kind="fake", enabled=True)
    model = Model(model_id=1, name="model")
    can = frozenset({Capability.TEXT})
    return Offering(
        offering_id=1, service=service, model=model, remote_name="model", capabilities=can, price=Price(call_nanousd=1)
    )


async def spend(url: str, name: str, worst_nanousd: int, seconds: float, *, tells: bool = False) -> dict[str, int]:
    """Spend until nothing more is given; what was spent, in how many calls, and how often nothing was given."""
    store = await Store.open(url)
    allowances = Allowances(store, clock=time.monotonic, wall=time.time)
    await allowances.start()
    request = TaskRequest(capability=Capability.TEXT, messages=(Message("user", "x"),))
    offering, chance = offering_of(name), random.Random()
    spent = calls = refused = in_vain = 0
    print("ready", flush=True)
    sys.stdin.readline()
    until = time.monotonic() + seconds
    while in_vain < TRIES_IN_VAIN and time.monotonic() < until:
        held = await allowances.hold(request, offering, worst_nanousd, 100, 5.0)
        if isinstance(held, Hold):
            in_vain = 0
            await asyncio.sleep(0)  # a call, during which it is held
            cost = chance.randint(worst_nanousd // 4, worst_nanousd)
            if tells:
                print(cost, flush=True)
            allowances.settle(held, cost, chance.randint(10, 100))
            spent += cost
            calls += 1
        else:
            refused += 1
            in_vain += 1
            await asyncio.sleep(DRY_SECONDS * chance.uniform(0.5, 1.5))
    await allowances.aclose()
    await store.close()
    return {"spent": spent, "calls": calls, "refused": refused}


if __name__ == "__main__":
    url, name, worst, seconds, *tell = sys.argv[1:]
    print(json.dumps(asyncio.run(spend(url, name, int(worst), float(seconds), tells=bool(tell)))))
