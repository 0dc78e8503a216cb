"""What the service does, as functions over ports. No SQL, no optuna, no HTTP here."""
