"""Where a name of Chainer's is here and does something else on purpose, in a sentence each.

``docs/chainer.md`` says more, and names the tests.
"""

from __future__ import annotations

DIFFERENCES: dict[str, str] = {
    "chainer.links.caffe.CaffeFunction": "says what to do: files of Caffe's are not read",
    "chainer.links.GoogLeNet": "reads weights, and says where they belong; fetches none",
    "chainer.links.ResNet101Layers": "reads weights, and says where they belong; fetches none",
    "chainer.links.ResNet152Layers": "reads weights, and says where they belong; fetches none",
    "chainer.links.ResNet50Layers": "reads weights, and says where they belong; fetches none",
    "chainer.links.VGG16Layers": "reads weights, and says where they belong; fetches none",
    "chainer.links.VGG19Layers": "reads weights, and says where they belong; fetches none",
    "chainer.functions.clip": "limits that meet give a constant; NaN comes through",
    "chainer.functions.maximum": "takes numbers too; NaN comes through, and so does the gradient",
    "chainer.functions.minimum": "takes numbers too; NaN comes through, and so does the gradient",
    "chainer.functions.pad": "the gradient of copies is added in modes other than constant",
    "chainer.functions.permutate": "an index given twice has the right gradient",
    "chainer.functions.sum_to": "a larger shape is InvalidType",
    "chainer.gradient_check.check_backward": "random directions are the same every time; rng=",
    "chainer.gradient_check.check_double_backward": "a missing cotangent is 1",
    "chainer.grad": "an output given twice counts twice",
}
