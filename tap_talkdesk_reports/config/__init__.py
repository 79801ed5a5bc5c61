"""Settings in: their schema, validation, typed settings, custom reports."""
