"""The Prefect block that holds a service's secret."""

from __future__ import annotations

from typing import ClassVar

from prefect.blocks.core import Block
from prefect.types import SecretDict
from pydantic import Field, HttpUrl, SecretStr


class ServiceCredentials(Block):
    """What Turnout shows an AI service: the key, and where one is not enough, more values.

    The registry refers to a saved block as ``block:BLOCK_NAME``. Save it again to change the key: every process takes
    the new one within a minute, or when the service refuses the old one.

    Example:
        ```python
        from blocks.prefect import ServiceCredentials

        credentials = ServiceCredentials.load("BLOCK_NAME")
        secret = credentials.get_secret()
        ```
    """

    _block_type_name: ClassVar[str | None] = "AI Service Credentials"
    _block_type_slug: ClassVar[str | None] = "service-credentials"
    _documentation_url: ClassVar[HttpUrl | None] = HttpUrl("https://docs.prefect.io/v3/concepts/blocks")
    _description: ClassVar[str | None] = "The key that Turnout shows an AI service. It is masked wherever it is shown."

    secret: SecretStr = Field(description="The key, as the provider gave it out.")
    # A SecretDict, not a dict of SecretStr: Prefect's API gives the values of the latter out in clear text.
    more: SecretDict | None = Field(default=None, description="Further secret values that the service needs, by name.")

    def get_secret(self) -> str:
        """The key in clear text."""
        return self.secret.get_secret_value()
