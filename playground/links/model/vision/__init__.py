"""Networks of image recognition, with the names that Chainer's files of weights have."""

from playground.links.model.vision.googlenet import GoogLeNet
from playground.links.model.vision.resnet import ResNet50Layers, ResNet101Layers, ResNet152Layers
from playground.links.model.vision.vgg import VGG16Layers, VGG19Layers

__all__ = [
    "GoogLeNet",
    "ResNet50Layers",
    "ResNet101Layers",
    "ResNet152Layers",
    "VGG16Layers",
    "VGG19Layers",
]
