"""The state of the models does not matter: the bench runs migrations only."""
