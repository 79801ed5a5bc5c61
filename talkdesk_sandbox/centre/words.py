"""Fixed texts of the contact centre: names of agents, teams, lines, ring groups, notes."""

from __future__ import annotations

FIRST_NAMES = (
    "Alice", "Zoë", "José", "Łukasz", "Siân", "Ngọc", "Ólafur", "Charlie", "Amélie", "Jürgen", "Chloé",
    "Mia", "Søren", "Inês", "Tiago", "Priya", "Noor", "Björn", "Eilidh", "Marta", "Andrej", "Yuki",
    "Fatima", "Dominik", "Renée", "Oluwaseun", "Ivana", "Thiago", "Háldis", "Grace", "Bob",
)  # fmt: skip
LAST_NAMES = (
    "Kovács", "O'Brien", "García Márquez", "Müller", "Sousa", "Nguyễn", "Jónsdóttir", "Smith", "Dvořák",
    "Lefèvre", "Åkesson", "Rossi", "van der Berg", "Şahin", "Adeyemi", "Patel", "Tanaka", "Wójcik",
    "Silva", "D'Angelo", "Ferreira", "Nowak", "Brown-Lee", "Ionescu", "Haugen", "Okafor", "Schäfer",
)  # fmt: skip
NAMES_IN_OTHER_SCRIPTS = ("山田 花子", "Дмитрий Соколов", "Νίκος Παππάς")

TEAMS = ("Front Desk", "Écoute Clients", "Billing & Refunds", "Night Watch")

#: Number and label of each line of the account. The third has no label.
LINES = (
    ("+18443265295", "support"),
    ("+442079460123", "Sales, UK & Ireland"),
    ("+351210020030", None),
    ("+4930901820", "Kundendienst"),
)
CONTACT_PREFIXES = ("+1", "+1", "+44", "+351", "+49", "+1")

RING_GROUPS = ("Product Support", "Sales", "Billing", "Product Support+Billing", "Reklamationen", "VIP")
IVR_OPTIONS = ("", "", "1", "2", "1,2", "1,2,1", "3", "")

DISPOSITIONS = (
    "Not Interested",
    "Solved",
    "Call back",
    "Rückruf vereinbart",
    "Réclamation",
    "Wrong number",
    "Refund, partial",
    None,
)
NOTES = (
    "Asked for the invoice of March.",
    'Customer said "never again", then ordered two.',
    "Ligou de novo; já falámos ontem.",
    "Refund agreed: 12,50 €, to be booked by Friday",
    "First line.\nSecond line: promised a call back.",
    "Très content 😀, merci !",
    "See ticket #4711; \\\\server\\share is down again",
    "Kunde fragt nach „Größe XL“\r\nund Lieferzeit",
)
