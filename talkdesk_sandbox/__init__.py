"""A local server that imitates Talkdesk, for tests and for a first try without an account.

It does not imitate:

- unpublished limits: request rates, the longest timespan, the age of the oldest data, how
  long files are kept, how long a report takes;
- the bodies of most errors: the codes are documented, most bodies are not;
- the hosts of the regions, or more than one account;
- data that changes later: a row is the same in each request;
- S3 beyond GET and HEAD of one presigned object. HEAD is accepted with a signature made for
  GET. A request for several ranges returns the whole file;
- Explore reports whose path or fields are unknown, such as `explore_calls` since May 2026.

The sandbox and the tap import nothing from each other, so they cannot share a mistake.

The packages. Each imports only packages below it:

    sandbox, __main__   `Sandbox` for tests, and the command; `account` has the credentials
    hosts               answers requests: both APIs, sign-ins, controls, file host
    store               keeps state: jobs, files, tokens, keys, ledger
    faults              the faults, by name
    reports             the fields and rows of report files, one module for each report
    centre · wire       the simulated contact centre · HTTP
"""

from talkdesk_sandbox.account import CREDENTIALS
from talkdesk_sandbox.faults.fault_queue import Fault
from talkdesk_sandbox.reports.explore import Explore
from talkdesk_sandbox.sandbox import Sandbox
from talkdesk_sandbox.store.jobs import Job, Pace
from talkdesk_sandbox.store.ledger import Entry, Ledger

__all__ = ["CREDENTIALS", "Entry", "Explore", "Fault", "Job", "Ledger", "Pace", "Sandbox"]
