"""The sources of the rules about weights that change after construction."""

from __future__ import annotations

from rnn_contracts.sources.source import DOCS, Source

# fmt: off
OF_WEIGHTS = {
    "assigned-weights-are-used": Source(
        "https://docs.pytorch.org/docs/stable/generated/torch.nn.parameter.Parameter.html",
        quote={"Parameter": "when they're assigned as Module attributes they are automatically added to "
                            "the list of its parameters"},
        pitfalls=("#32346",),
    ),
    "parametrized-weights-are-used": Source(
        "https://docs.pytorch.org/docs/stable/generated/"
        "torch.nn.utils.parametrize.register_parametrization.html",
        quote={
            "utils.parametrize.register_parametrization":
                "If the original tensor requires a gradient, the backward pass will differentiate "
                "through :attr:`parametrization`",
            "utils.weight_norm":
                "a hook that recomputes the weight tensor from the magnitude and direction before "
                "every :meth:`~Module.forward` call."},
        pitfalls=("#32346",),
    ),
    "moved-layers-are-as-made-there": Source(
        DOCS.format("Module"),
        quote={"Module.to": "only cast the floating point or complex parameters and buffers to "
                            ":attr:`dtype` (if given)."},
        pitfalls=("#86457", "#34513"),
    ),
    "frozen-parameters-change-no-gradient": Source(
        DOCS.format("Module"),
        quote={"Module.requires_grad_": "helpful for freezing part of the module for finetuning or "
                                        "training parts of a model individually"},
        pitfalls=("#7722", "#776"),
    ),
}
# fmt: on
