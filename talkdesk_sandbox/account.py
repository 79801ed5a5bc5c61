"""The sandbox's account: its credentials, and the tap settings that use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talkdesk_sandbox.store.assertions import SigningKey

#: Default credentials.
CREDENTIALS = {
    "account": "fernline",
    "client_id": "sandbox-client",
    "client_secret": "sandbox-client-secret",
    "client_version": "1",
    "username": "ana@fernline.example",
    "password": "sandbox-password",
}
KEY_ID = "sandbox-key"


def with_password(credentials: Mapping[str, str], url: str) -> dict[str, str]:
    """Returns the tap's settings for the Reporting API with a password."""
    return {**credentials, "api_url": url, "token_url": f"{url}/auth/token"}


def with_secret(credentials: Mapping[str, str], url: str) -> dict[str, str]:
    """Returns the tap's settings for the Explore API with a client secret."""
    names = ("account", "client_id", "client_secret")
    urls = {"api_url": url, "token_url": f"{url}/oauth/token"}
    return {name: credentials[name] for name in names} | urls


def with_key(credentials: Mapping[str, str], url: str, key: SigningKey) -> dict[str, str]:
    """Returns the tap's settings for the Explore API with a private key, created on the first call.

    Raises:
        RuntimeError: `cryptography` is not installed.
    """
    settings = with_secret(credentials, url)
    del settings["client_secret"]
    return settings | {"key_id": key.id, "private_key": key.pair.private}
