"""The made-up contact centre: staff, days, calls and statuses, out of a seed number and never stored."""
