"""What is judged: the text, data and media of one result, beside the request that asked for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from registry.words import Capability
from registry.words.quick import maker, quickly_made

if TYPE_CHECKING:
    from blocks.contract import Reply
    from registry.words import Media, TaskRequest

_FENCE = "```"
_MEDIA_MADE = frozenset({Capability.IMAGE, Capability.VIDEO, Capability.SPEECH})


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    r"""One result, as checks see it.

    ``data`` is the parsed JSON where a schema was asked for; None means that it was not parsed, or could not be.
    ``text`` may be None: some services answer so where they mean nothing.

    >>> from registry.words import Capability, TaskRequest
    >>> Subject(text="  \n", request=TaskRequest(capability=Capability.TEXT)).is_empty
    True
    """

    request: TaskRequest
    text: str | None = ""
    data: Any = None
    media: tuple[Media, ...] = ()
    vectors: int = 0
    tools: int = 0

    @classmethod
    def of(cls, request: TaskRequest, reply: Reply, data: Any = None) -> Subject:
        """The subject that a service's reply makes. JSON is parsed where the request has a schema.

        ``data`` is the reply's JSON where it has been parsed already.
        """
        if request.schema is not None and data is None:
            try:
                data = parse_json(reply.text)
            except ValueError:
                data = None  # matches_schema parses again and says what is wrong
        return _subject(
            request=request,
            text=reply.text,
            data=data,
            media=reply.media,
            vectors=sum(map(bool, reply.vectors)),
            tools=len(reply.tools),
        )

    @property
    def is_empty(self) -> bool:
        """Whether nothing of the kind that was asked for is there."""
        capability = self.request.capability
        if capability in _MEDIA_MADE:
            return not any(media.content for media in self.media)
        if capability is Capability.EMBEDDING:
            return self.vectors < max(1, len(self.request.inputs))
        return not (self.text and not self.text.isspace()) and not self.tools


_subject = maker(Subject)


def parse_json(text: str | None) -> Any:
    r"""The value of JSON text. A Markdown fence around it is no part of it: many models cannot help putting one.

    >>> parse_json('```json\n{"a": 1}\n```')
    {'a': 1}

    Raises:
        ValueError: it is not JSON. The message says where, and quotes nothing.
    """
    content = (text or "").strip().removeprefix("\ufeff")
    if content.startswith(_FENCE) and content.endswith(_FENCE) and "\n" in content:
        content = content[content.index("\n") : -len(_FENCE)]
    return orjson.loads(content)
