"""The search memory: Optuna's samplers in memory, Optuna's own tables in our database. Nothing else imports optuna.

Nothing is imported here: who makes the tables (`schema`) need not load every sampler (`study`).
"""
