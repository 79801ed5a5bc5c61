"""Fixed texts of Explore's reports: flows, survey questions, campaigns, audit operations, forms."""

from __future__ import annotations

MOODS = ("happy", "neutral", "sad", "angry")
RATING_REASONS = ("", "Line quality", "Muito simpática", "Took \"too long\"")  # fmt: skip
DISPOSITION_SETS = ("Service", "Sales, B2B", "Beschwerden")

#: Id and name of each Studio flow.
FLOWS = (("6f1e2c9a4b", "Main line"), ("a07d51c33e", "Verkauf / Sales"), ("3c9b8e7710", "Après 18 h"))
#: Text of each question of a survey. The answer to the first is the score.
QUESTIONS = (
    "How satisfied are you, from 1 to 5?",
    "Was your problem solved? (yes/no)",
    "Anything else you would like to say, “freely”?",
)
REMARKS = ("", "Obrigada!", "Waited too long; otherwise fine", "Sehr gut 👍", "nothing, thanks\nbye")

CHANNELS = ("sms", "email", "chat", "facebook")
REASONS = ("agent_closed", "contact_inactive", "contact_left")
CUSTOMERS = ("", "Zoë", "Kenji M.", "", "O'Hara, Pat", "Mónica")

CAMPAIGNS = ("Renewals 2026", "Win back", "Umfrage Q3")
PHONE_TYPES = ("primary", "mobile", "work")

#: Service and operation of audit log entries, and the path of the changed object.
OPERATIONS = (
    ("identity", "login", "/users/{}"),
    ("identity", "password_change", "/users/{}"),
    ("recordings", "play_recording", "/calls/{}/recordings"),
    ("explore", "export_report", "/data/reports/{}"),
    ("users", "update_user", "/users/{}"),
    ("studio", "publish_flow", "/flows/{}"),
)
USER_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15, Safari/605.1.15",
    "python-requests/2.32.3",
)

FORMS = (("Service call", "f0a1"), ("Gespräch „Beschwerde“", "f0b2"))
#: Section, text, type and best score of each question of a form. A text question has no score.
FORM_QUESTIONS = (
    ("Opening", "Greeted by name?", "MultipleChoiceQuestion", 5),
    ("Opening", "Reason for the call understood?", "MultipleChoiceQuestion", 10),
    ("Solution", "Solution correct?", "MultipleChoiceQuestion", 10),
    ("Solution", "Comment", "TextQuestion", None),
)
