"""Reads the settings and the catalog: declares, normalizes and checks them, and gives them types.

A config comes in as the user wrote it. A `Settings` object comes out, or one line for each
wrong setting, before the first request. A catalog comes in likewise, and what is in force of
it comes out, with a line for each stream that cannot be read so.

Shown to others:

- `schema.SCHEMA` declares the settings for the SDK; `schema.REGIONS` has the hosts.
- `settings.normalize` and `settings.Settings` give them types; `settings.api_of` decides the API.
- `validation.problems` finds what is wrong.
- `custom_reports.CustomReport` is an entry of the setting `reports`, with its schema.
- `catalog.in_force` reads a catalog. `selection` knows the forms in which one selects, and
  `column_types` how the values of a column get the type that a catalog gives it.
"""
