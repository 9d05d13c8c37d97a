"""Loads the plugin of the suite, and pytest's own for testing plugins."""

pytest_plugins = ["rnn_contracts.plugin", "pytester"]
