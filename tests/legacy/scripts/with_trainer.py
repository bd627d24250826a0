# The same with Trainer, reports, a snapshot and a second run that goes on from it.
import os
import tempfile
import numpy as np
import chainer
import chainer.functions as F
import chainer.links as L
from chainer import training
from chainer.datasets import TupleDataset
from chainer.training import extensions

out = tempfile.mkdtemp()


def build(epochs, seed):
    rng = np.random.RandomState(3)
    x = rng.randn(90, 5).astype(np.float32)
    t = (x[:, 0] + x[:, 1] > 0).astype(np.int32)
    np.random.seed(seed)
    model = L.Classifier(chainer.Sequential(L.Linear(5, 6), F.tanh, L.Linear(6, 2)))
    optimizer = chainer.optimizers.MomentumSGD(lr=0.1).setup(model)
    train, test = chainer.datasets.split_dataset_random(TupleDataset(x, t), 60, seed=0)
    iterator = chainer.iterators.SerialIterator(train, 15, shuffle=False)
    updater = training.StandardUpdater(iterator, optimizer)
    trainer = training.Trainer(updater, (epochs, 'epoch'), out=out)
    test_iter = chainer.iterators.SerialIterator(test, 15, repeat=False, shuffle=False)
    trainer.extend(extensions.Evaluator(test_iter, model))
    trainer.extend(extensions.ExponentialShift('lr', 0.9))
    trainer.extend(extensions.observe_lr())
    trainer.extend(extensions.snapshot(filename='at-{.updater.epoch}'), trigger=(2, 'epoch'))
    trainer.extend(extensions.LogReport())
    trainer.extend(extensions.PrintReport(
        ['epoch', 'main/loss', 'validation/main/loss', 'validation/main/accuracy', 'lr']))
    return trainer, model


trainer, model = build(4, 5)
trainer.run()
whole = [p.array.copy() for p in model.params()]
trainer, model = build(4, 99)  # other first weights, which the snapshot takes the place of
chainer.serializers.load_npz(os.path.join(out, 'at-2'), trainer)
trainer.run()
print([bool((p.array == w).all()) for p, w in zip(model.params(), whole)])
print([float(w.sum()) for w in whole])
