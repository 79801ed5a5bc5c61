"""A stand-in for Talkdesk on loopback, for tests and for a first try without an account.

What it does not imitate:

- the limits nobody outside Talkdesk knows: request rates, the longest timespan, the age
  of the oldest data, how long files are kept, how long a report really takes;
- the texts of most errors: codes are documented, their bodies mostly are not;
- TLS, the hosts of regions, several accounts;
- data that changes later: a row is the same whenever it is asked for;
- S3 beyond GET and HEAD of one signed object: a HEAD is accepted with a signature made
  for GET, several ranges in one request are answered with the whole file;
- reports of Explore whose path or fields nobody has written down.

It imports nothing from the tap and the tap nothing from it, so that the two cannot share
a mistake.
"""

from talkdesk_sandbox.faults.fault_queue import Fault
from talkdesk_sandbox.reports.explore import Explore
from talkdesk_sandbox.sandbox import CREDENTIALS, Sandbox
from talkdesk_sandbox.store.jobs import Job, Pace
from talkdesk_sandbox.store.ledger import Entry, Ledger

__all__ = ["CREDENTIALS", "Entry", "Explore", "Fault", "Job", "Ledger", "Pace", "Sandbox"]
