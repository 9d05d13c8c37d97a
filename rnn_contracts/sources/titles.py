"""The titles of issues and pull requests of pytorch/pytorch, as they stand there."""

from __future__ import annotations

TITLES = {
    "#518": "Documentation about h0, c0 shape for RNN, LSTM, GRU",
    "#776": "Failed when RNN run with cudnn with `requires_grad` set to `False`",
    "#1203": "batch_size of pack_padded_sequence",
    "#1591": "Pad PackedSequences to original batch length",
    "#3587": "Documentation: Indexing output from bidirectional RNN (GRU,LSTM)",
    "#4145": "[Proposal] Consistent `batch_first` effect for RNN modules",
    "#5985": "RNN `dropout` arg needs better documentation",
    "#7617": "checkpoint(function, *args) should has the same requires_grad as function(*args)",
    "#7890": "[feature request] RNN hidden weight for Multi GPU training",
    "#8153": "GRU is implementation of v1 https://arxiv.org/pdf/1406.1078v1.pdf rather than "
    "later v3 https://arxiv.org/pdf/1406.1078.pdf",
    "#11514": "[feature request] - Allow sequences lengths to be 0 in PackSequence",
    "#15260": "MultiGPU for gru",
    "#19675": "LSTM batch_first flag does not produce ouputs with the batch as the first "
    "dimension.",
    "#32346": "Pytorch 1.4.0 weight drop - 'LSTM' object has no attribute 'weight_hh_l0'",
    "#34036": "LSTM swaps batch with time when time.size() = 1",
    "#36448": "nn.utils.rnn.pack_padded_sequence is broken",
    "#42724": "version below torch 1.4 cannot load model state dict that training on torch 1.6, but "
    "torch 1.5 can both load 1.4 and 1.6 model state dict",
    "#43227": "nn.utils.rnn.pack_padded_sequence: RuntimeError: 'lengths' argument should be a "
    "1D CPU int64 tensor, but got 1D cuda:0 Long tensor",
    "#47439": "how to use torch.utils.checkpoint + gru with variable length sequence?",
    "#53359": "Backward compatibility problem of LSTMs in v1.8.0",
    "#57558": "Fix compatibility problem with LSTMs and torch.save",
    "#80306": "LSTM Output Transposed w/MPS on 1.13 nightly build",
    "#86457": "`flatten_parameters()` does not work with normed LSTM",
    "#88136": "Placing LSTM model on bfloat16 on GPU causes error",
    "#90421": "LSTM for MPS backend is broken",
    "#90500": "nn.LSTM not working together with functional_call for calculating the gradient",
    "#94754": "BiLSTM incorrect on MPS",
    "#95118": "LSTM gives incorrect output on MPS with PackedSequence",
    "#95137": "[MPS] Fix LSTM backward and forward pass",
    "#99421": "Question about GUR(RNN/LSTM) outputs shape",
    "#99531": "Incorrect documentation/implementation of the new gate in GRU",
    "#103161": "Calling jacrev with LSTM and functional_call gives error",
    "#105982": "vmap and rnn/lstm",
    "#112459": "GRUCell batching rule for vmap",
    "#114617": "RNN argument order",
    "#114874": "nn.LSTM tolerates wrong input shape when hidden state isn't provided.",
    "#126339": "RNN/GRU/LSTM fail to export()/dynamo_export",
    "#134606": "VMAP over GRU: Batching rule not implemented for aten::gru.input",
    "#136925": "The doc of `nn.RNN()` should say there is `hx` parameter",
    "#136937": "Setting the boolean value `True` to `hidden_size` argument of `nn.RNN()` gets a "
    "wrong error message",
    "#136954": "Setting a wrong value to `bias` argument of `nn.RNN()` gets an indirect error "
    "message",
    "#144116": "RNN batch_first argument only works on the input not h_0 when if should work on "
    "both",
    "#151010": "[torch.export] Exported LSTM cannot be move on CUDA device",
    "#158007": "`torch.compile` cannot compile a model with a basic `LSTM`, even on latest main",
    "#162375": "`torch.compile` fails with `pack_padded_sequence` + `pad_packed_sequence` "
    "(FakeTensor error)",
    "#163303": "[export] non-strict export creates extra tensor constants when forward runs with a "
    "container of params",
    "#175978": "The following code snippet causes a segmentation fault when running "
    "torch.nn.lstm_cell:",
    "#177834": "`torch.nn.LSTM.forward` produces incorrect outputs (or crashes) on ROCm",
    "#179308": "Fix mkldnn_rnn_layer_backward meta dtype and GRU bias shape",
    "#180744": "[MPS] nn.LSTM outputs depend on batch size in eval mode after optimizer step, breaking "
    "batch independence (num_layers >= 2, dropout > 0)",
    "#188430": "torch.compile produces large absolute errors for model with LSTM, MultiheadAttention, "
    "and torch.reciprocal",
    "#189225": "torch.onnx.export(dynamo=True) exports nn.GRU with wrong linear_before_reset=0",
    "#190056": "[MPS] Multilayer LSTM backward ignores dropout, silently corrupting training gradients",
    "#191855": "[ONNX] Dynamo export freezes dynamic time dimension in manual bidirectional "
    "LSTM/GRU pattern",
    "#193823": "torch.nn.LSTMCell segfaults when given malformed hidden state input",
    "#195803": "LSTM PackedSequence inputs produce inconsistent argument-validation errors",
}
"""A title that is not here was not looked up; the number stands for it."""
