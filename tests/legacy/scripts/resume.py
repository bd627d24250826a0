# A training by hand that is saved in the middle, resumed in a new model, and goes on bit for bit.
import os
import tempfile
import numpy as np
import chainer
import chainer.functions as F
import chainer.links as L
from chainer import serializers

out = tempfile.mkdtemp()
rng = np.random.RandomState(17)
x = rng.randn(64, 5).astype(np.float32)
t = np.argmax(x[:, :3], axis=1).astype(np.int32)


def build(kind):
    model = L.Classifier(chainer.Sequential(
        L.Linear(5, 8), L.BatchNormalization(8), F.relu, L.Linear(8, 3)))
    optimizer = getattr(chainer.optimizers, kind)()
    optimizer.setup(model)
    optimizer.add_hook(chainer.optimizer_hooks.GradientNoise(
        0.01, noise_func=lambda xp, shape, dtype, hook, rule:
        noise.normal(0, 0.01, shape).astype(dtype)))
    iterator = chainer.iterators.SerialIterator(
        chainer.datasets.TupleDataset(x, t), 16,
        order_sampler=chainer.iterators.ShuffleOrderSampler(order))
    return model, optimizer, iterator


def run(model, optimizer, iterator, steps):
    for _ in range(steps):
        inputs, targets = chainer.dataset.concat_examples(iterator.next())
        optimizer.update(model, inputs, targets)
    return [p.array.copy() for p in model.params()]


for kind in ('Adam', 'MomentumSGD', 'AdaGrad', 'SMORMS3'):
    np.random.seed(18)
    noise, order = np.random.RandomState(1), np.random.RandomState(2)
    parts = build(kind)
    run(*parts, steps=6)
    for name, part in zip(('model', 'optimizer', 'iterator'), parts):
        serializers.save_npz(os.path.join(out, name), part)
    states = noise.get_state(), order.get_state()
    whole = run(*parts, steps=6)
    again = build(kind)  # with other weights, which the files take the place of
    run(*again, steps=1)
    for name, part in zip(('model', 'optimizer', 'iterator'), again):
        serializers.load_npz(os.path.join(out, name), part)
    noise.set_state(states[0])
    order.set_state(states[1])
    same = all((a == b).all() for a, b in zip(run(*again, steps=6), whole))
    print(kind, same, '%.5f' % sum(float(abs(w).sum()) for w in whole))
