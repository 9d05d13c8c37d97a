"""The titles of issues and pull requests of pytorch/pytorch, as they stand there."""

from __future__ import annotations

TITLES = {
    "#518": "Documentation about h0, c0 shape for RNN, LSTM, GRU",
    "#1591": "Pad PackedSequences to original batch length",
    "#3587": "Documentation: Indexing output from bidirectional RNN (GRU,LSTM)",
    "#4145": "[Proposal] Consistent `batch_first` effect for RNN modules",
    "#7890": "[feature request] RNN hidden weight for Multi GPU training",
    "#8153": "GRU is implementation of v1 https://arxiv.org/pdf/1406.1078v1.pdf rather than later v3 "
    "https://arxiv.org/pdf/1406.1078.pdf",
    "#15260": "MultiGPU for gru",
    "#19675": "LSTM batch_first flag does not produce ouputs with the batch as the first dimension.",
    "#32346": "Pytorch 1.4.0 weight drop - 'LSTM' object has no attribute 'weight_hh_l0'",
    "#34036": "LSTM swaps batch with time when time.size() = 1",
    "#43227": "nn.utils.rnn.pack_padded_sequence: RuntimeError: 'lengths' argument should be a 1D CPU "
    "int64 tensor, but got 1D cuda:0 Long tensor",
    "#47439": "how to use torch.utils.checkpoint + gru with variable length sequence?",
    "#86457": "`flatten_parameters()` does not work with normed LSTM",
    "#88136": "Placing LSTM model on bfloat16 on GPU causes error",
    "#99531": "Incorrect documentation/implementation of the new gate in GRU",
    "#112459": "GRUCell batching rule for vmap",
    "#114617": "RNN argument order",
    "#126339": "RNN/GRU/LSTM fail to export()/dynamo_export",
    "#134606": "VMAP over GRU: Batching rule not implemented for aten::gru.input",
    "#136954": "Setting a wrong value to `bias` argument of `nn.RNN()` gets an indirect error message",
    "#144116": "RNN batch_first argument only works on the input not h_0 when if should work on both",
    "#151010": "[torch.export] Exported LSTM cannot be move on CUDA device",
    "#158007": "`torch.compile` cannot compile a model with a basic `LSTM`, even on latest main",
    "#175978": "The following code snippet causes a segmentation fault when running torch.nn.lstm_cell:",
    "#189225": "torch.onnx.export(dynamo=True) exports nn.GRU with wrong linear_before_reset=0",
    "#191855": "[ONNX] Dynamo export freezes dynamic time dimension in manual bidirectional LSTM/GRU "
    "pattern",
    "#193823": "torch.nn.LSTMCell segfaults when given malformed hidden state input",
    "#195803": "LSTM PackedSequence inputs produce inconsistent argument-validation errors",
}
"""A title that is not here was not looked up; the number stands for it."""
