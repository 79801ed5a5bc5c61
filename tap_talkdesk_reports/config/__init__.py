"""Reads the settings: declares, normalizes and checks them, and gives them types.

A config comes in as the user wrote it. A `Settings` object comes out, or one line for each
wrong setting, before the first request.

Shown to others:

- `schema.SCHEMA` declares the settings for the SDK; `schema.REGIONS` has the hosts.
- `settings.normalize` and `settings.Settings` give them types; `settings.api_of` decides the API.
- `validation.problems` finds what is wrong.
- `custom_reports.CustomReport` is an entry of the setting `reports`, with its schema.
"""
