"""F: every operation, each written once for arrays, devices and Variables."""

from importlib import import_module
from typing import TYPE_CHECKING

from playground.functions import (
    accumulation,
    activation,
    array,
    assignment,
    basic_math,
    convolution,
    elementwise,
    linalg,
    loss,
    reduction,
    scaling,
)
from playground.functions.accumulation import *  # noqa: F403
from playground.functions.activation import *  # noqa: F403
from playground.functions.array.arranging import *  # noqa: F403
from playground.functions.array.indexing import *  # noqa: F403
from playground.functions.array.joining import *  # noqa: F403
from playground.functions.array.shaping import *  # noqa: F403
from playground.functions.basic_math import *  # noqa: F403
from playground.functions.convolution import *  # noqa: F403
from playground.functions.elementwise.exponential import *  # noqa: F403
from playground.functions.elementwise.extrema import *  # noqa: F403
from playground.functions.elementwise.hyperbolic import *  # noqa: F403
from playground.functions.elementwise.powers import *  # noqa: F403
from playground.functions.elementwise.rounding import *  # noqa: F403
from playground.functions.elementwise.selection import *  # noqa: F403
from playground.functions.elementwise.special import *  # noqa: F403
from playground.functions.elementwise.trigonometric import *  # noqa: F403
from playground.functions.linalg.contractions import *  # noqa: F403
from playground.functions.linalg.eigenvalues import *  # noqa: F403
from playground.functions.linalg.factors import *  # noqa: F403
from playground.functions.linalg.least_squares import *  # noqa: F403
from playground.functions.linalg.products import *  # noqa: F403
from playground.functions.linalg.singular_values import *  # noqa: F403
from playground.functions.linalg.solving import *  # noqa: F403
from playground.functions.loss.common import *  # noqa: F403
from playground.functions.reduction import *  # noqa: F403
from playground.functions.scaling import *  # noqa: F403
from playground.graph.errors import no_such_name

if TYPE_CHECKING:
    from playground.functions.array.columns import *  # noqa: F403
    from playground.functions.array.resampling import *  # noqa: F403
    from playground.functions.array.sequences import *  # noqa: F403
    from playground.functions.connection.comparing import *  # noqa: F403
    from playground.functions.connection.convolution import *  # noqa: F403
    from playground.functions.connection.dense import *  # noqa: F403
    from playground.functions.connection.sampling import *  # noqa: F403
    from playground.functions.evaluation.classification import *  # noqa: F403
    from playground.functions.linalg.fourier import *  # noqa: F403
    from playground.functions.linalg.sparse import *  # noqa: F403
    from playground.functions.loss.labelled_sequences import *  # noqa: F403
    from playground.functions.loss.sampling import *  # noqa: F403
    from playground.functions.noise.masks import *  # noqa: F403
    from playground.functions.noise.normal import *  # noqa: F403
    from playground.functions.normalization.lengths import *  # noqa: F403
    from playground.functions.normalization.renormalization import *  # noqa: F403
    from playground.functions.normalization.statistics import *  # noqa: F403
    from playground.functions.pooling.pooling import *  # noqa: F403
    from playground.functions.pooling.regions import *  # noqa: F403
    from playground.functions.pooling.unpooling import *  # noqa: F403
    from playground.functions.recomputing import *  # noqa: F403
    from playground.functions.rnn.lstm import *  # noqa: F403
    from playground.functions.rnn.n_step import *  # noqa: F403
    from playground.functions.rnn.trees import *  # noqa: F403

# What networks are made of, loaded when it is first asked for: a study of one matrix does without,
# and `import playground` costs little more than `import numpy`. By module: its __all__.
_LATE = {
    "array.columns": "depth2space im2col space2depth",
    "array.resampling": """
        as_strided resize_images spatial_transformer_grid spatial_transformer_sampler
    """,
    "array.sequences": "transpose_sequence",
    "connection.comparing": "contrastive cross_covariance decov negative_sampling triplet",
    "connection.convolution": """
        convolution_1d convolution_2d convolution_3d convolution_nd deconvolution_1d
        deconvolution_2d deconvolution_3d deconvolution_nd depthwise_convolution_2d
        dilated_convolution_2d
    """,
    "connection.dense": "bilinear embed_id linear",
    "connection.sampling": "deformable_convolution_2d_sampler local_convolution_2d shift",
    "evaluation.classification": """
        accuracy binary_accuracy classification_summary f1_score precision r2_score recall
    """,
    "linalg.fourier": "fft ifft",
    "linalg.sparse": "sparse_matmul",
    "loss.labelled_sequences": """
        argmax_crf1d connectionist_temporal_classification crf1d
    """,
    "loss.sampling": "black_out discriminative_margin_based_clustering_loss",
    "noise.masks": "dropout simplified_dropconnect zoneout",
    "noise.normal": "gaussian gumbel_softmax rrelu",
    "normalization.lengths": "local_response_normalization normalize",
    "normalization.renormalization": """
        batch_renormalization decorrelated_batch_normalization fixed_batch_renormalization
        fixed_decorrelated_batch_normalization
    """,
    "normalization.statistics": """
        batch_normalization fixed_batch_normalization group_normalization layer_normalization
    """,
    "pooling.pooling": """
        average_pooling_1d average_pooling_2d average_pooling_3d average_pooling_nd max_pooling_1d
        max_pooling_2d max_pooling_3d max_pooling_nd spatial_pyramid_pooling_2d
    """,
    "pooling.regions": """
        roi_average_align_2d roi_average_pooling_2d roi_max_align_2d roi_max_pooling_2d
        roi_pooling_2d
    """,
    "pooling.unpooling": "unpooling_1d unpooling_2d unpooling_3d unpooling_nd upsampling_2d",
    "recomputing": "forget",
    "rnn.lstm": "lstm",
    "rnn.n_step": """
        n_step_bigru n_step_bilstm n_step_birnn n_step_gru n_step_lstm n_step_rnn
    """,
    "rnn.trees": "slstm tree_lstm",
}
_HOMES = {name: module for module, names in _LATE.items() for name in names.split()}
_ROOMS = {module.partition(".")[0] for module in _LATE}

__all__ = [
    *accumulation.__all__,
    *activation.__all__,
    *array.__all__,
    *assignment.__all__,
    *basic_math.__all__,
    *convolution.__all__,
    *elementwise.__all__,
    *linalg.__all__,
    *loss.__all__,
    *reduction.__all__,
    *scaling.__all__,
    *_HOMES,
]


if not TYPE_CHECKING:  # for a type checker every name would exist

    def __getattr__(name: str) -> object:
        if name in _HOMES:
            found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
            # From now on a name like any other.
            globals()[name] = found
            return found
        if name in _ROOMS:
            return import_module(f"{__name__}.{name}")
        raise no_such_name(__name__, name, __all__)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__, *_ROOMS})
