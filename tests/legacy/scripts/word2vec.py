#!/usr/bin/env python
"""Skip-gram with negative sampling on a made-up text, after the word2vec example."""
from __future__ import print_function
import argparse
import collections

import numpy as np

import chainer
from chainer import cuda
import chainer.functions as F
import chainer.initializers as I
import chainer.links as L
import chainer.optimizers as O
from chainer import reporter
from chainer import training
from chainer.training import extensions

parser = argparse.ArgumentParser()
parser.add_argument('--gpu', '-g', default=-1, type=int)
parser.add_argument('--unit', '-u', default=8, type=int)
parser.add_argument('--window', '-w', default=2, type=int)
parser.add_argument('--epoch', '-e', default=2, type=int)
args = parser.parse_args()

if args.gpu >= 0:
    chainer.backends.cuda.get_device_from_id(args.gpu).use()
    cuda.check_cuda_available()


class SkipGram(chainer.Chain):

    def __init__(self, n_vocab, n_units, loss_func):
        super(SkipGram, self).__init__()
        with self.init_scope():
            self.embed = L.EmbedID(
                n_vocab, n_units, initialW=I.Uniform(1. / n_units))
            self.loss_func = loss_func

    def forward(self, x, contexts):
        e = self.embed(contexts)
        batch_size, n_context, n_units = e.shape
        x = F.broadcast_to(x[:, None], (batch_size, n_context))
        e = F.reshape(e, (batch_size * n_context, n_units))
        x = F.reshape(x, (batch_size * n_context,))
        loss = self.loss_func(e, x)
        reporter.report({'loss': loss}, self)
        return loss


class WindowIterator(chainer.dataset.Iterator):

    def __init__(self, dataset, window, batch_size, repeat=True):
        self.dataset = np.array(dataset, np.int32)
        self.window = window
        self.batch_size = batch_size
        self._repeat = repeat
        self.order = np.random.permutation(
            len(dataset) - window * 2).astype(np.int32)
        self.order += window
        self.current_position = 0
        self.epoch = 0
        self.is_new_epoch = False

    def __next__(self):
        if not self._repeat and self.epoch > 0:
            raise StopIteration
        i = self.current_position
        i_end = i + self.batch_size
        position = self.order[i:i_end]
        w = np.random.randint(self.window - 1) + 1
        offset = np.concatenate([np.arange(-w, 0), np.arange(1, w + 1)])
        pos = position[:, None] + offset[None, :]
        contexts = self.dataset.take(pos)
        center = self.dataset.take(position)
        if i_end >= len(self.order):
            np.random.shuffle(self.order)
            self.epoch += 1
            self.is_new_epoch = True
            self.current_position = 0
        else:
            self.is_new_epoch = False
            self.current_position = i_end
        return center, contexts

    @property
    def epoch_detail(self):
        return self.epoch + float(self.current_position) / len(self.order)

    def serialize(self, serializer):
        self.current_position = serializer('current_position',
                                           self.current_position)
        self.epoch = serializer('epoch', self.epoch)
        self.is_new_epoch = serializer('is_new_epoch', self.is_new_epoch)
        if self.order is not None:
            serializer('order', self.order)


@chainer.dataset.converter()
def convert(batch, device):
    center, contexts = batch
    return device.send(center), device.send(contexts)


np.random.seed(10)
text = np.random.randint(0, 12, 160)
text[1::2] = (text[::2] + 1) % 12
train, val = text[:120], text[120:]
counts = collections.Counter(train)
n_vocab = max(train) + 1

cs = [counts[w] for w in range(len(counts))]
loss_func = L.NegativeSampling(args.unit, cs, 3)
loss_func.W.data[...] = 0
model = SkipGram(n_vocab, args.unit, loss_func)

optimizer = O.Adam(0.02)
optimizer.setup(model)
train_iter = WindowIterator(train, args.window, 29)
val_iter = WindowIterator(val, args.window, 36, repeat=False)
updater = training.updaters.StandardUpdater(
    train_iter, optimizer, converter=convert, device=args.gpu)
trainer = training.Trainer(updater, (args.epoch, 'epoch'), out='result')
trainer.extend(extensions.Evaluator(
    val_iter, model, converter=convert, device=args.gpu))


@training.make_extension(trigger=(2, 'iteration'))
def say(trainer):
    o = trainer.observation
    print(trainer.updater.iteration, ' '.join(
        '%.5f' % float(o[k].array if hasattr(o[k], 'array') else o[k])
        for k in sorted(o)))


trainer.extend(say, priority=training.PRIORITY_READER)
trainer.run()
w = cuda.to_cpu(model.embed.W.data)
w = w / np.sqrt((w * w).sum(1))[:, None]
for word in range(3):
    print(word, ['%.4f' % v for v in w.dot(w[word])[:4]])
