"""The tests of the rules: what a test function states, which tests it becomes, and how each is run."""
