"""What torch must satisfy. The package has it as ``rnn_contracts.suite``."""
