"""The messages of torch about recurrent layers, cells and packing, and what each of them means.

Nobody reads this from top to bottom: a message is looked up. Where several entries fit, the first does.
"""

from __future__ import annotations

from rnn_contracts.messages.message import Message, first_line, wording
from rnn_contracts.messages.of_constructors import OF_CONSTRUCTORS
from rnn_contracts.messages.of_inputs import OF_INPUTS
from rnn_contracts.messages.of_packing import OF_PACKING
from rnn_contracts.messages.of_states import OF_STATES
from rnn_contracts.messages.of_surroundings import OF_SURROUNDINGS

__all__ = ["MESSAGES", "Message", "first_line", "wording"]

MESSAGES: tuple[Message, ...] = (
    *OF_STATES,
    *OF_INPUTS,
    *OF_PACKING,
    *OF_CONSTRUCTORS,
    *OF_SURROUNDINGS,
)
