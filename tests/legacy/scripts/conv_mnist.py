# A small convolutional network on a part of MNIST, by hand, with dropout and batch normalization.
import numpy as np
import chainer
import chainer.functions as F
import chainer.links as L
from chainer import optimizers, serializers
from chainer.dataset import concat_examples
from chainer.iterators import SerialIterator


class Net(chainer.Chain):
    def __init__(self):
        super(Net, self).__init__()
        with self.init_scope():
            self.conv1 = L.Convolution2D(1, 4, ksize=3, stride=2, nobias=True)
            self.bn = L.BatchNormalization(4)
            self.conv2 = L.Convolution2D(None, 6, 3, pad=1)
            self.fc = L.Linear(None, 16)
            self.out = L.Linear(16, 10)

    def __call__(self, x):
        h = F.relu(self.bn(self.conv1(x)))
        h = F.max_pooling_2d(F.relu(self.conv2(h)), 2)
        h = F.local_response_normalization(h)
        return self.out(F.dropout(F.relu(self.fc(h)), 0.3))


np.random.seed(11)
train, test = chainer.datasets.get_mnist(ndim=3)
train = chainer.datasets.split_dataset(train, 96)[0]
test = chainer.datasets.split_dataset_random(test, 40, seed=1)[0]
model = Net()
optimizer = optimizers.Adam(alpha=0.01)
optimizer.setup(model)
optimizer.add_hook(chainer.optimizer.WeightDecay(1e-4))
train_iter = SerialIterator(train, 24)
while train_iter.epoch < 3:
    x, t = concat_examples(train_iter.next(), -1)
    y = model(x)
    loss = F.softmax_cross_entropy(y, t)
    model.cleargrads()
    loss.backward()
    optimizer.update()
    if train_iter.is_new_epoch:
        losses, right = [], []
        for batch in SerialIterator(test, 20, repeat=False, shuffle=False):
            x, t = concat_examples(batch)
            with chainer.using_config('train', False), chainer.no_backprop_mode():
                y = model(x)
                losses.append(float(F.softmax_cross_entropy(y, t).array))
                right.append(float(F.accuracy(y, t).array))
        print('epoch %d train %.4f test %.4f accuracy %.3f' % (
            train_iter.epoch, float(loss.array), np.mean(losses), np.mean(right)))
print('%.4f %.4f' % (model.bn.avg_mean.sum(), model.bn.avg_var.sum()))
