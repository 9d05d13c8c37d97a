"""What came of the tests: the outcome of one, and two runs compared."""
