"""Limits of the service, each with a default that an environment variable overrides.

>>> Settings(page_rows=500).page_rows
500
>>> Settings().query_s
30.0
"""

from __future__ import annotations

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What one process of the service may spend; ``TRUCKKIT_REST_PAGE_ROWS=500`` sets ``page_rows``."""

    model_config = SettingsConfigDict(env_prefix="TRUCKKIT_REST_", extra="ignore", populate_by_name=True)

    page_rows: int = Field(default=10_000, ge=1, description="Most rows of a page.")
    stream_rows: int = Field(default=20_000_000, ge=1, description="Most rows of an answer that streams.")
    query_s: float = Field(
        default=30.0, gt=0, description="How long a query may run before it is stopped. [s]"
    )
    at_once: int = Field(
        default=6,
        ge=1,
        description="Requests that are answered at once; others wait. Three for each core keep it busy, and "
        "leave it time for who asks for /health.",
    )
    waiting: int = Field(
        default=256, ge=0, description="Requests that may wait; over it they are answered 503."
    )
    wait_s: float = Field(
        default=10.0, gt=0, description="How long one may wait before it is answered 503. [s]"
    )
    refuse_s: float = Field(
        default=1.0, ge=0, description="How long a refusal takes where too many wait, to slow the rush. [s]"
    )
    take_s: float = Field(
        default=60.0, gt=0, description="How long a client may take over a piece of an answer. [s]"
    )
    per_minute: int = Field(
        default=0, ge=0, description="Requests a minute for each key or address; 0: no bound."
    )
    cache_mb: int = Field(
        default=128, ge=0, description="Memory for answers that may be asked again; 0: none. [MB]"
    )
    body_bytes: int = Field(default=1 << 20, ge=1, description="Longest body of a request. [bytes]")
    origins: list[str] = Field(
        default=[], description="Origins of pages in a browser that may ask (CORS); none."
    )
    open: bool = Field(default=False, description="Without keys, answer other machines too.")
    tracing: bool = Field(default=False, description="A span of OpenTelemetry for each request.")
    cookie_secret: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("cookie_secret", "PANEL_COOKIE_SECRET", "BOKEH_COOKIE_SECRET"),
        description="What Panel signs the cookie of its login with; none: no login counts here.",
    )
    login_days: float = Field(
        default=1.0,
        ge=0,
        validation_alias=AliasChoices("login_days", "PANEL_OAUTH_EXPIRY"),
        description="How long a login of Panel counts. [days]",
    )

    @field_validator("cookie_secret")
    @classmethod
    def _no_empty_secret(cls, secret: SecretStr | None) -> SecretStr | None:
        # With an empty one, anybody could sign.
        return secret if secret and secret.get_secret_value().strip() else None
