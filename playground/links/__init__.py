"""Links: parameters under names, and chains of links. Chainer's building blocks of models."""

from importlib import import_module
from typing import TYPE_CHECKING

from playground.graph.errors import no_such_name
from playground.links.activation.parametric import Maxout, PReLU, SimplifiedDropconnect, Swish
from playground.links.chain import Chain
from playground.links.chain_list import ChainList
from playground.links.connection.convolution import (
    Convolution1D,
    Convolution2D,
    Convolution3D,
    ConvolutionND,
    Deconvolution1D,
    Deconvolution2D,
    Deconvolution3D,
    DeconvolutionND,
    DepthwiseConvolution2D,
    DilatedConvolution2D,
)
from playground.links.connection.embed_id import EmbedID
from playground.links.connection.inception import Inception, MLPConvolution2D
from playground.links.connection.inception_bn import InceptionBN
from playground.links.connection.linear import Bilinear, Highway, Linear
from playground.links.connection.places import DeformableConvolution2D, LocalConvolution2D
from playground.links.connection.scaling import Bias, Parameter, Scale
from playground.links.link import Link
from playground.links.loss.black_out import BlackOut
from playground.links.loss.crf1d import CRF1d
from playground.links.loss.hierarchical_softmax import BinaryHierarchicalSoftmax
from playground.links.loss.negative_sampling import NegativeSampling
from playground.links.model.classifier import Classifier
from playground.links.normalization.normalization import BatchNormalization, LayerNormalization
from playground.links.normalization.renormalization import (
    BatchRenormalization,
    DecorrelatedBatchNormalization,
    GroupNormalization,
)
from playground.links.rnn.gated import (
    StatefulMGU,
    StatefulPeepholeLSTM,
    StatefulZoneoutLSTM,
    StatelessMGU,
)
from playground.links.rnn.gru import GRU, StatefulGRU, StatelessGRU
from playground.links.rnn.lstm import LSTM, StatelessLSTM
from playground.links.rnn.n_step import (
    NStepBiGRU,
    NStepBiLSTM,
    NStepBiRNNReLU,
    NStepBiRNNTanh,
    NStepGRU,
    NStepLSTM,
    NStepRNNReLU,
    NStepRNNTanh,
)
from playground.links.rnn.tree_lstm import ChildSumTreeLSTM, NaryTreeLSTM
from playground.links.sequential import Sequential

if TYPE_CHECKING:
    from playground.links.model.vision import (  # noqa: F401
        GoogLeNet,
        ResNet50Layers,
        ResNet101Layers,
        ResNet152Layers,
        VGG16Layers,
        VGG19Layers,
    )

# Whole networks of image recognition, loaded when they are first asked for.
_VISION = (
    "GoogLeNet",
    "ResNet50Layers",
    "ResNet101Layers",
    "ResNet152Layers",
    "VGG16Layers",
    "VGG19Layers",
)
_BELOW = ("caffe", "model")

__all__ = [
    "BatchNormalization",
    "BatchRenormalization",
    "Bias",
    "Bilinear",
    "BinaryHierarchicalSoftmax",
    "BlackOut",
    "CRF1d",
    "Chain",
    "ChainList",
    "ChildSumTreeLSTM",
    "Classifier",
    "Convolution1D",
    "Convolution2D",
    "Convolution3D",
    "ConvolutionND",
    "Deconvolution1D",
    "Deconvolution2D",
    "Deconvolution3D",
    "DeconvolutionND",
    "DecorrelatedBatchNormalization",
    "DeformableConvolution2D",
    "DepthwiseConvolution2D",
    "DilatedConvolution2D",
    "EmbedID",
    "GRU",
    "GroupNormalization",
    "Highway",
    "Inception",
    "InceptionBN",
    "LSTM",
    "LayerNormalization",
    "Linear",
    "Link",
    "LocalConvolution2D",
    "MLPConvolution2D",
    "Maxout",
    "NStepBiGRU",
    "NStepBiLSTM",
    "NStepBiRNNReLU",
    "NStepBiRNNTanh",
    "NStepGRU",
    "NStepLSTM",
    "NStepRNNReLU",
    "NStepRNNTanh",
    "NaryTreeLSTM",
    "NegativeSampling",
    "PReLU",
    "Parameter",
    "Scale",
    "Sequential",
    "SimplifiedDropconnect",
    "StatefulGRU",
    "StatefulMGU",
    "StatefulPeepholeLSTM",
    "StatefulZoneoutLSTM",
    "StatelessGRU",
    "StatelessLSTM",
    "StatelessMGU",
    "Swish",
    *_VISION,
]


if not TYPE_CHECKING:  # for a type checker every name would exist

    def __getattr__(name: str) -> object:
        if name in _VISION:
            # From now on a name like any other.
            globals()[name] = found = getattr(import_module(f"{__name__}.model.vision"), name)
            return found
        if name in _BELOW:
            return import_module(f"{__name__}.{name}")
        raise no_such_name(__name__, name, __all__)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__, *_BELOW})
