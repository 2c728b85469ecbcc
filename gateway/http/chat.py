"""``POST /v1/chat/completions``: OpenAI's chat, whole or as a stream."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
from starlette.responses import Response

from blocks import ReasoningDelta, TextDelta, ToolDelta
from gateway.http.admission import ClientGone
from gateway.http.bodies import AUTO, ChatBody, parsed
from gateway.http.problems import Problem, problem_of
from quality import QualityError
from registry import NotFound, PolicyInvalid
from registry.words import format_usd
from routing.errors import AttemptsFailed, NoCandidate

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from gateway.http.state import State
    from registry.words import TaskRequest, TaskResult, Usage
    from routing import RoutedStream
    from routing.streaming import WholeAnswer

T = TypeVar("T")

_FINISH = {"length": "length", "tool_calls": "tool_calls", "content_filter": "content_filter"}


async def chat(request: Request, state: State) -> Response:
    """Answer one chat request.

    Raises:
        Problem: it cannot be answered.
        ClientGone: nobody waits for the answer any more.
    """
    key = await state.admitted(request, "call")
    body = parsed(ChatBody, await request.body())
    task = body.request(key)
    check_model(state, task)
    if body.stream:
        wants_usage = body.stream_options is not None and body.stream_options.include_usage
        return await _begin_stream(request, state, task, wants_usage=wants_usage)
    results = await until_gone(request, state, _several(state, task, body.n or 1))
    return Response(orjson.dumps(_completion(results)), media_type="application/json", headers=headers_of(*results))


def check_model(state: State, task: TaskRequest) -> None:
    """That there is somebody of the name that the request asks for. Where nobody is there at all, the router says so.

    Raises:
        Problem: there is not.
    """
    pinned = task.requirements.pinned
    offerings = state.runtime.snapshot.offerings
    if pinned is not None and offerings and not any(offering.answers_to(pinned) for offering in offerings):
        usable = [offering for offering in offerings if offering.enabled and offering.service.enabled]
        known = {part for offering in usable for part in (offering.name, *offering.name.split("/", 1))}
        missing = NotFound("model", pinned, {AUTO, *known})
        raise Problem(404, "model_not_found", f"{missing}; 'auto' routes, GET /v1/models lists them", param="model")


async def run(state: State, task: TaskRequest) -> TaskResult:
    """Have the work done, and count the calls.

    Raises:
        Problem: it could not be done.
    """
    try:
        result = await state.runtime.run(task)
    except AttemptsFailed as error:
        state.metrics.called(error.attempts)
        raise problem_of(error) from error
    except NoCandidate as error:
        raise problem_of(error) from error
    except (QualityError, NotFound, PolicyInvalid) as error:
        raise _not_to_be_done(error) from error
    state.metrics.called(result.attempts)
    return result


def _not_to_be_done(error: QualityError | NotFound | PolicyInvalid) -> Problem:
    """What a caller hears whose request names what there is not, or what makes no sense."""
    is_policy = isinstance(error, NotFound) and error.kind == "policy"
    return Problem(400, "invalid_request", str(error), param="metadata.policy" if is_policy else None)


async def _several(state: State, task: TaskRequest, count: int) -> list[TaskResult]:
    """So many answers to the same work, asked for at once, within its one budget. One that fails ends the others.

    Raises:
        Problem: one could not be had.
    """
    if count == 1:
        return [await run(state, task)]
    asking = [asyncio.ensure_future(run(state, _share(task, index, count))) for index in range(count)]
    try:
        return await asyncio.gather(*asking)
    finally:
        for one in asking:
            one.cancel()
        await asyncio.gather(*asking, return_exceptions=True)


def _share(task: TaskRequest, index: int, count: int) -> TaskRequest:
    """The work of one answer among several: its share of the budget, and another seed where one is given."""
    params = dict(task.params)
    if "seed" in params:
        params["seed"] += index
    budget = task.budget_nanousd
    return replace(task, params=params, budget_nanousd=None if budget is None else budget // count)


async def until_gone(request: Request, state: State, work: Awaitable[T]) -> T:
    """What the work gives; it is cancelled where the client goes away before, or the server ends.

    Raises:
        ClientGone: the client did.
        Problem: the server does.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_gone(request.receive))
    try:
        ends: tuple[asyncio.Future[Any], ...] = (working, leaving, state.time_is_up)
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        if leaving.done():
            raise ClientGone
        raise _time_is_up("the answer")
    finally:
        leaving.cancel()
        working.cancel()
        await asyncio.gather(leaving, working, return_exceptions=True)


def _time_is_up(what: str) -> Problem:
    return Problem(503, "shutting_down", f"the server ends, and {what} was not done in time", retryable=True)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def headers_of(*results: TaskResult) -> dict[str, str]:
    """What the head of an answer says of how it came about; of several results, all in their order."""
    cost_nanousd = sum(result.cost_nanousd for result in results)
    dropped = dict.fromkeys(name for result in results for name in result.dropped_params)
    told = {
        "x-turnout-decision": ",".join(str(result.task_id) for result in results),
        "x-turnout-service": ",".join(dict.fromkeys(result.offering for result in results)),
        "x-turnout-cost-usd": format_usd(cost_nanousd).removeprefix("$").replace(",", ""),
    }
    if results and all(result.is_cached for result in results):
        told["x-turnout-cached"] = "true"
    if dropped:
        told["x-turnout-dropped"] = ",".join(dropped)
    return {name: value.encode("ascii", "replace").decode() for name, value in told.items()}


def usage_shape(usage: Usage) -> dict[str, Any]:
    """Token counts as OpenAI writes them."""
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_input_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def _completion(results: list[TaskResult]) -> dict[str, Any]:
    """OpenAI's shape of an answer: a choice a result, and what they used together."""
    first, *more = results
    return {
        "id": f"chatcmpl-{first.task_id}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": first.offering,
        "choices": [_choice(index, result) for index, result in enumerate(results)],
        "usage": usage_shape(sum((result.usage for result in more), first.usage)),
    }


def _choice(index: int, result: TaskResult) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": result.text or None, "refusal": None}
    if result.reasoning:
        message["reasoning_content"] = result.reasoning
    if result.tools:
        message["tool_calls"] = [
            {"id": tool.call_id, "type": "function", "function": {"name": tool.name, "arguments": tool.arguments}}
            for tool in result.tools
        ]
    elif not result.text:
        message["content"] = ""
    return {"index": index, "message": message, "logprobs": None, "finish_reason": _finish(result)}


def _finish(result: TaskResult) -> str:
    return "tool_calls" if result.tools else _FINISH.get(result.finish_reason, "stop")


async def _begin_stream(request: Request, state: State, task: TaskRequest, *, wants_usage: bool) -> Response:
    async with AsyncExitStack() as parts:
        try:
            stream = await until_gone(request, state, parts.enter_async_context(state.runtime.stream(task)))
        except AttemptsFailed as error:
            state.metrics.called(error.attempts)
            raise problem_of(error) from error
        except NoCandidate as error:
            raise problem_of(error) from error
        except (QualityError, NotFound, PolicyInvalid) as error:
            raise _not_to_be_done(error) from error
        return EventStream(state, stream, parts.pop_all(), wants_usage=wants_usage)
    raise AssertionError("an exit stack swallows nothing")


class EventStream(Response):
    """Server-sent events in OpenAI's shape. Whoever goes away in the middle ends the call; so does the server's end."""

    def __init__(
        self, state: State, stream: RoutedStream | WholeAnswer, parts: AsyncExitStack, *, wants_usage: bool
    ) -> None:
        super().__init__(
            media_type="text/event-stream",
            headers={
                "x-turnout-decision": str(stream.decision.task_id),
                "x-turnout-service": stream.offering.name.encode("ascii", "replace").decode(),
                "x-accel-buffering": "no",
            },
        )
        del self.headers["content-length"]
        self._state = state
        self._stream = stream
        self._parts = parts
        self._wants_usage = wants_usage
        self._about: dict[str, Any] = {
            "id": f"chatcmpl-{stream.decision.task_id}",
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": stream.offering.name,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Send the events as they come."""
        pumping = asyncio.ensure_future(self._pump(send))
        leaving = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait({pumping, leaving, self._state.time_is_up}, return_when=asyncio.FIRST_COMPLETED)
            if pumping.done():
                pumping.result()
            elif leaving.done():
                raise ClientGone
            else:
                await self._break_off(pumping, send)
        finally:
            for task in (pumping, leaving):
                task.cancel()
            await asyncio.gather(pumping, leaving, return_exceptions=True)
            await self._parts.aclose()

    async def _break_off(self, pumping: asyncio.Future[None], send: Send) -> None:
        """Tell the client that the server ends, and that its stream is not whole."""
        pumping.cancel()
        await asyncio.gather(pumping, return_exceptions=True)
        await send(_event(orjson.dumps(_time_is_up("the stream").as_openai(self._about["id"]))))
        await send(_END_OF_EVENTS)

    async def _pump(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with aclosing(self._events()) as events:
            async for event in events:
                await send(_event(event))
        await send(_END_OF_EVENTS)

    async def _events(self) -> AsyncGenerator[bytes, None]:
        yield self._chunk({"role": "assistant", "content": ""})
        try:
            async for delta in self._stream:
                yield self._chunk(_delta(delta))
        except AttemptsFailed as error:
            self._state.metrics.called(error.attempts)
            yield orjson.dumps(problem_of(error).as_openai(self._about["id"]))
            return
        result = self._stream.result
        self._state.metrics.called(result.attempts)
        yield self._chunk({}, _finish(result))
        if self._wants_usage:
            yield orjson.dumps({**self._about, "choices": [], "usage": usage_shape(result.usage)})

    def _chunk(self, delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return orjson.dumps({**self._about, "choices": [choice]})


_END_OF_EVENTS = {"type": "http.response.body", "body": b"data: [DONE]\n\n"}


def _event(content: bytes) -> dict[str, Any]:
    return {"type": "http.response.body", "body": b"data: " + content + b"\n\n", "more_body": True}


def _delta(delta: TextDelta | ReasoningDelta | ToolDelta) -> dict[str, Any]:
    if isinstance(delta, TextDelta):
        return {"content": delta.text}
    if isinstance(delta, ReasoningDelta):
        return {"reasoning_content": delta.text}
    function = {"arguments": delta.arguments} | ({"name": delta.name} if delta.name else {})
    call: dict[str, Any] = {"index": delta.index, "function": function}
    if delta.call_id:
        call |= {"id": delta.call_id, "type": "function"}
    return {"tool_calls": [call]}
