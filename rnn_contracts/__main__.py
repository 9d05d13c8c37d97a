"""``python -m rnn_contracts`` is ``rnn-contracts``."""

from rnn_contracts.cli import main

raise SystemExit(main())
