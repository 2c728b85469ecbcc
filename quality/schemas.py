"""JSON schemas, compiled once each."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import orjson

from quality.errors import MalformedSchema

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

    from registry.words import JsonSchema

_KEPT = 256
_REASON_CHARACTERS = 200


class SchemaCache:
    """Validators by the digest of their schema, at most 256 of them.

    A schema is looked up by identity first: hashing one costs more than most validations. A cache may be used by
    many threads: at worst two compile the same schema.
    """

    def __init__(self) -> None:
        self._by_digest: dict[bytes, Validator] = {}
        self._by_identity: dict[int, tuple[JsonSchema, Validator]] = {}

    def __reduce__(self) -> tuple[type[SchemaCache], tuple[()]]:
        # Validators do not travel to other processes; there it starts empty.
        return SchemaCache, ()

    def validator(self, schema: JsonSchema) -> Validator:
        """The validator of a schema.

        Raises:
            MalformedSchema: the schema is none.
        """
        known = self._by_identity.get(id(schema))
        if known is not None and known[0] is schema:
            return known[1]
        digest = hashlib.sha256(_canonical(schema)).digest()
        validator = self._by_digest.get(digest)
        if validator is None:
            validator = _compile(schema)
            _keep(self._by_digest, digest, validator)
        # The schema is kept with its validator, so that its id cannot come to mean another one.
        _keep(self._by_identity, id(schema), (schema, validator))
        return validator


def _keep(kept: dict[Any, Any], key: Any, value: Any) -> None:
    if len(kept) >= _KEPT:
        kept.clear()
    kept[key] = value


def _canonical(schema: JsonSchema) -> bytes:
    try:
        return orjson.dumps(schema, option=orjson.OPT_SORT_KEYS, default=dict)
    except (TypeError, ValueError) as error:
        raise MalformedSchema("$", "it holds something that JSON has not") from error


def _compile(schema: JsonSchema) -> Validator:
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import Draft202012Validator, validator_for
    from referencing import Registry

    plain = orjson.loads(_canonical(schema))
    kind = validator_for(plain, default=Draft202012Validator)
    try:
        kind.check_schema(plain)
    except SchemaError as error:
        raise MalformedSchema(error.json_path, error.message[:_REASON_CHARACTERS]) from error
    # An empty registry: a schema that came from somewhere must not make us fetch addresses.
    validator: Validator = kind(plain, registry=Registry())
    return validator


def mismatch(validator: Validator, data: Any) -> str:
    """Where and why ``data`` is not valid, empty where it is."""
    error = next(validator.iter_errors(data), None)
    return "" if error is None else f"at {error.json_path}: {error.message}"[:_REASON_CHARACTERS]
