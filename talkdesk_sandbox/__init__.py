"""A stand-in for Talkdesk on loopback, for tests and for a first try without an account.

What it does not imitate:

- unpublished limits: request rates, the longest timespan, the age
  of the oldest data, how long files are kept, how long a report really takes;
- the texts of most errors: codes are documented, their bodies mostly are not;
- the hosts of regions, several accounts;
- data that changes later: a row is the same at each request;
- S3 beyond GET and HEAD of one presigned object: a HEAD is accepted with a signature made
  for GET, several ranges in one request are answered with the whole file;
- reports of Explore whose path or fields are unknown, such as `explore_calls` since May 2026.

It imports nothing from the tap, and the tap nothing from it, so the two cannot share a
mistake.

The rooms, each of which imports only rooms below it:

    sandbox, __main__   `Sandbox` for tests, and the command; account has its credentials
    hosts               what is answered: API host, both APIs, sign-ins, controls, file host
    store               what is remembered: jobs, files, tokens, keys, ledger
    faults              what can go wrong, by name
    reports             what a report file contains, one module for each report
    centre · wire       the made-up contact centre · HTTP
"""

from talkdesk_sandbox.account import CREDENTIALS
from talkdesk_sandbox.faults.fault_queue import Fault
from talkdesk_sandbox.reports.explore import Explore
from talkdesk_sandbox.sandbox import Sandbox
from talkdesk_sandbox.store.jobs import Job, Pace
from talkdesk_sandbox.store.ledger import Entry, Ledger

__all__ = ["CREDENTIALS", "Entry", "Explore", "Fault", "Job", "Ledger", "Pace", "Sandbox"]
