"""Everything of an app in one SQLite file."""
