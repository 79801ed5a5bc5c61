"""A Singer tap for Talkdesk's reports: complete, incremental, fast."""
