"""Finds the fenced blocks of a Markdown page, and runs those for a shell one after another."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from talkdesk_sandbox import Sandbox


def blocks(page: Path, language: str = "") -> list[str]:
    """The fenced blocks of a page that name this language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def day(ago: int) -> str:
    """The date of so many days ago, in UTC."""
    return f"{datetime.now(UTC) - timedelta(days=ago):%Y-%m-%d}"


def sandboxed(block: str, sandbox: Sandbox, more: Mapping[str, str]) -> str:
    """Returns a block with the sandbox's account in place of the user's.

    Args:
        block: The block.
        sandbox: The sandbox.
        more: Further texts to replace; they are replaced before the account.
    """
    config = sandbox.explore_config
    account = {
        "acme": config["account"],
        "YOUR_CLIENT_ID": config["client_id"],
        "YOUR_CLIENT_SECRET": config["client_secret"],
    }
    for old, new in {**more, **account}.items():
        block = block.replace(old, new)
    return block


def paste(pasted: Iterable[str], folder: Path, environment: Mapping[str, str], *, seconds: float) -> str:
    """Runs blocks in one shell, as a user pastes them, and ends at the first command that fails.

    Returns:
        What the shell and its commands printed on both outputs.
    """
    script = "".join(f"echo '--- block {number}'\n{block}" for number, block in enumerate(pasted))
    process = subprocess.Popen(
        ["bash", "-e", "-c", script],
        cwd=folder,
        env={**environment, "PWD": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        printed, _ = process.communicate(timeout=seconds)
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    assert process.returncode == 0, printed[-6000:]
    return printed
