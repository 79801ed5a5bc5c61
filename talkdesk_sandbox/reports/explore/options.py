"""`Explore`: options where the documentation of the Explore API leaves a choice."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar

#: The scopes of the Explore API, and those of the Reporting API in its last years.
SCOPES = ("data-reports:read", "data-reports:write", "reports:read", "reports:write")


@dataclass(frozen=True, kw_only=True)
class Explore:
    """The behaviour of the Explore API. The defaults are what most clients observed.

    Raises:
        ValueError: a value is unknown.
    """

    #: The answer to a poll of a done job: a redirect with this status, `200`, or `file`, the
    #: report itself, as a client receives it that follows redirects.
    done: str = "303"
    #: While a job runs, return 204 without a body instead of the job.
    waiting_204: bool = False
    #: The letter case of statuses: `lower`, `upper` or `title`.
    status_case: str = "lower"
    #: A job's members are beside `_links`, as in the documentation, instead of in `job`.
    flat_jobs: bool = False
    #: Return the file itself with 200, instead of a redirect to its presigned URL.
    files_200: bool = False
    #: The answer to a request for the file while the job runs: `404`, 204 without a body,
    #: or the job with `200` or `202`.
    files_waiting: str = "404"
    #: The longest timespan: `31 days`, as a client uses in any month, or a calendar `month`.
    longest_timespan: str = "31 days"
    #: The name of `_embedded` in lists. The public OpenAPI file misspells it `_embdedded`.
    embedded_name: str = "_embedded"
    #: An empty report is `{"total":0}`.
    empty_without_entries: bool = False
    #: The members of `calls`: `2026`, those before it (`2025`), or those that were announced
    #: for a time, with the names of `explore_calls` (`explore_like`).
    calls_payload: str = "2026"
    #: The field of `ring_attempts` with the queues: `dial_attempts.queues`,
    #: `dial_attempts_queues`, or an empty text for none.
    queues_field: str = "dial_attempts.queues"
    #: The form of the queues: a `list`, or a `text` joined with ` + `.
    queues_form: str = "list"
    #: `qm_evaluation_analysis` has `evaluation_element_text`, as in the data dictionary.
    evaluation_element_text: bool = True
    #: `studio_flow_execution` has `flow_execution_id`, as in the data dictionary.
    flow_execution_id: bool = False
    #: `evaluation_time` has a one-digit hour before 10:00, as in the data dictionary.
    short_hours: bool = False
    #: Lifetime of an access token.
    token_seconds: float = 600
    #: The scopes of the client, in both APIs.
    scopes: tuple[str, ...] = SCOPES
    #: Refuse every token as one of another region.
    wrong_region: bool = False
    #: The algorithm of signed assertions: `ES256` or `RS256`.
    key_algorithm: str = "ES256"

    #: The allowed values of options that have a fixed set.
    CHOICES: ClassVar = {
        "done": ("303", "302", "300", "200", "file"),
        "files_waiting": ("404", "200", "202", "204"),
        "longest_timespan": ("31 days", "month"),
        "status_case": ("lower", "upper", "title"),
        "calls_payload": ("2026", "2025", "explore_like"),
        "queues_field": ("dial_attempts.queues", "dial_attempts_queues", ""),
        "queues_form": ("list", "text"),
        "key_algorithm": ("ES256", "RS256"),
    }

    def __post_init__(self) -> None:
        """Refuses unknown values."""
        for field in fields(self):
            value, choices = getattr(self, field.name), self.CHOICES.get(field.name)
            if choices and value not in choices:
                raise ValueError(f"{field.name} is one of {', '.join(choices)}, not {value!r}")
        if unknown := set(self.scopes) - set(SCOPES):
            raise ValueError(f"scopes are some of {', '.join(SCOPES)}, not {', '.join(sorted(unknown))}")
