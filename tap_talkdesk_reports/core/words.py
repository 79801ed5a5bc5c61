"""Numbers and durations in words, for messages. Pure."""

from __future__ import annotations


def in_words(seconds: float) -> str:
    """Formats a duration for messages, for example `1.5 s` or `2 minutes`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    from pendulum import duration  # noqa: PLC0415 - a tenth of the start-up time

    return duration(seconds=round(seconds)).in_words()


def counted(number: int, noun: str) -> str:
    """Formats a number with its noun, for example `1 row` or `8,431 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def clock_distance(skew: float) -> str:
    """Describes how far this machine's clock is from Talkdesk's: `7 minutes ahead of`.

    Args:
        skew: Seconds that Talkdesk's clock is ahead of this machine's.
    """
    side = "behind" if skew > 0 else "ahead of"
    return f"{in_words(60 * round(abs(skew) / 60))} {side}"
