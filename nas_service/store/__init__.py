"""The store: SQLAlchemy Core over SQLite or Postgres. Rows never leave this package; values do."""
