"""Reads, normalizes and checks the settings and the catalog, before the first request.

From the user's config it makes a `Settings` object, or one line for each wrong setting.
From the user's catalog it makes the catalog in force, and one line for each stream that
cannot be read as the catalog requires.

Used by other rooms:

- `schema.SCHEMA` declares the settings for the SDK; `schema.REGIONS` has the hosts.
- `settings.normalize` and `settings.Settings` convert them; `settings.api_of` decides the API.
- `validation.problems` finds wrong settings.
- `custom_reports.CustomReport` is an entry of the setting `reports`, with its schema.
- `catalog.in_force` reads a catalog. `selection` reads the selection in all its forms.
  `column_types` decides how values are converted to the type that the catalog gives a column.
"""
