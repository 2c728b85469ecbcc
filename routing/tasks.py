"""The routing task for flow authors: ``await ai_task("text", "Summarise: …")``.

Inside a Prefect flow each call stands as a task run of its own, named after its stage and item; elsewhere it is a plain
call.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from registry.words import Capability, Message, Requirements, TaskRequest, usd_to_nanousd
from routing.ambient import run_request, run_request_sync
from routing.wishes import labels_of, objective_of, priority_of, streaming_of, target_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from registry.words import JsonSchema, Objective, Target, TaskResult

_PICTURES = frozenset({Capability.IMAGE, Capability.VIDEO})


def task_request(
    capability: Capability | str = Capability.TEXT,
    prompt: str = "",
    *,
    system: str = "",
    messages: Sequence[Message] = (),
    inputs: Sequence[str] = (),
    schema: JsonSchema | None = None,
    service: str | None = None,
    features: Iterable[str] = (),
    regions: Iterable[str] = (),
    params: Mapping[str, Any] | None = None,
    hints: Mapping[str, Any] | None = None,
    checks: Iterable[str] | None = None,
    policy: str | None = None,
    objective: Objective | str | Mapping[str, float] | None = None,
    target: Target | str | None = None,
    priority: str | None = None,
    streaming: str | None = None,
    metadata: Mapping[str, str] | None = None,
    deadline_seconds: float | None = None,
    budget_usd: str | None = None,
    stage: str = "",
    item: str = "",
) -> TaskRequest:
    """A task request from the words a flow author has at hand.

    ``prompt`` is the user's turn for text-like work and the description for a picture. ``service`` pins a service
    (``"local"``) or an offering (``"local/smollm2-135m-instruct"``). ``budget_usd`` is text, such as ``"0.01"``.
    ``objective`` (``"quality=1,cost=2"``) and ``target`` (``"the cheapest above 0.9"``) stand in for the policy's;
    ``streaming`` (``"guarded"``) says when output is passed on, where it is streamed. ``metadata`` are labels that the
    policy's rules may look at.

    Raises:
        ValueError: there is no such capability, or nothing to work on, or a wish makes no sense.
    """
    wanted = _capability(capability)
    is_picture = wanted in _PICTURES
    turns = () if is_picture else _turns(system, messages, prompt)
    if not (turns or inputs or (is_picture and prompt)):
        raise ValueError("there is nothing to work on: give a prompt, messages or inputs")
    chosen: dict[str, Any] = {"checks": _checks(wanted) if checks is None else tuple(checks)}
    if policy is not None:
        chosen["policy"] = policy
    return TaskRequest(
        capability=wanted,
        messages=turns,
        prompt=prompt if is_picture else "",
        inputs=tuple(inputs),
        schema=schema,
        params=dict(params or {}),
        hints=dict(hints or {}),
        requirements=Requirements(features=frozenset(features), regions=frozenset(regions), pinned=service),
        deadline_seconds=deadline_seconds,
        budget_nanousd=None if budget_usd is None else usd_to_nanousd(budget_usd),
        stage=stage,
        item=item,
        streaming=streaming_of(streaming),
        **_wished(objective, target, priority, metadata),
        **chosen,
    )


def _wished(
    objective: Objective | str | Mapping[str, float] | None,
    target: Target | str | None,
    priority: str | None,
    metadata: Mapping[str, str] | None,
) -> dict[str, Any]:
    return {
        "objective": objective_of(objective),
        "target": target_of(target),
        "priority": priority_of(priority),
        "metadata": labels_of(metadata or {}),
    }


def _capability(name: str) -> Capability:
    try:
        return Capability(name)
    except ValueError:
        known = ", ".join(Capability)
        raise ValueError(f"there is no capability {name!r}; there are {known}") from None


def _turns(system: str, messages: Sequence[Message], prompt: str) -> tuple[Message, ...]:
    first = (Message("system", system),) if system else ()
    last = (Message("user", prompt),) if prompt else ()
    return (*first, *messages, *last)


def _checks(capability: Capability) -> tuple[str, ...]:
    """The checks of work that names none."""
    if capability is Capability.EMBEDDING:
        return ()
    return ("is_picture",) if capability is Capability.IMAGE else ("not_empty", "not_refusal")


class AiTask:
    """Routes one piece of work: ``await ai_task(...)`` in asynchronous code, ``ai_task.sync(...)`` elsewhere.

    Takes what :func:`task_request` takes; returns a :class:`registry.words.TaskResult` (``.text``, ``.data``,
    ``.media``, ``.cost_nanousd``, ``.decision``); raises :class:`routing.RoutingError`.

    Example::

        from prefect import flow
        from routing import ai_task

        @flow
        async def haiku(subject: str) -> str:
            result = await ai_task("text", f"Write a haiku about {subject}.", params={"max_output_tokens": 60})
            return result.text
    """

    async def __call__(
        self, capability: Capability | str = Capability.TEXT, prompt: str = "", **options: Any
    ) -> TaskResult:
        """Route the work and wait for its result."""
        request = task_request(capability, prompt, **options)
        if _in_prefect_flow():
            from routing.prefect_task import run_as_prefect_task

            return await run_as_prefect_task(request)
        return await run_request(request)

    def sync(self, capability: Capability | str = Capability.TEXT, prompt: str = "", **options: Any) -> TaskResult:
        """The same from code without an event loop."""
        request = task_request(capability, prompt, **options)
        if _in_prefect_flow():
            from routing.prefect_task import run_as_prefect_task_sync

            return run_as_prefect_task_sync(request)
        return run_request_sync(request)


def _in_prefect_flow() -> bool:
    """Whether a flow run is under way. Asks Prefect only where somebody has imported it already."""
    if "prefect.context" not in sys.modules:
        return False
    from prefect.context import FlowRunContext, TaskRunContext

    return FlowRunContext.get() is not None and TaskRunContext.get() is None


ai_task = AiTask()
