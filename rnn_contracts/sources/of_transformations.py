"""The sources of the rules about transformations of a layer."""

from __future__ import annotations

from rnn_contracts.sources.source import Source

_FUNC = "https://docs.pytorch.org/docs/stable/generated/torch.func.{}.html"
_CHECKPOINT = "https://docs.pytorch.org/docs/stable/checkpoint.html"
_COMPILE = "https://docs.pytorch.org/docs/stable/generated/torch.compile.html"
_EXPORT = "https://docs.pytorch.org/docs/stable/export.html"
_ONNX = "https://docs.pytorch.org/docs/stable/onnx_export.html"

# fmt: off
OF_TRANSFORMATIONS = {
    "forward-mode-agrees": Source(_FUNC.format("jvp"), pitfalls=("#103161",)),
    "vmap-agrees": Source(
        "https://docs.pytorch.org/docs/stable/generated/torch.vmap.html",
        pitfalls=("#134606", "#105982", "#112459")),
    "vmap-of-grad-agrees": Source(_FUNC.format("grad"), pitfalls=("#105982", "#111311")),
    "checkpoint-agrees": Source(_CHECKPOINT, pitfalls=("#7617",)),
    "reentrant-checkpoint-agrees": Source(_CHECKPOINT, pitfalls=("#47439", "#124725")),
    "compile-packed-agrees": Source(_COMPILE, pitfalls=("#162375",)),
    "compile-drops": Source(_COMPILE),
    "inductor-agrees": Source(_COMPILE, pitfalls=("#188430",)),
    "export-uses-its-parameters": Source(_EXPORT, pitfalls=("#163303",)),
    "exported-layer-moves": Source(_EXPORT, pitfalls=("#151010",)),
    "onnx-agrees": Source(_ONNX, pitfalls=("#189225", "#126339", "#191855")),
}
# fmt: on
