# An LSTM on a sine wave, backprop truncated, by an updater of its own.
import numpy as np
import chainer
import chainer.functions as F
import chainer.links as L
from chainer import training

np.random.seed(4)
wave = np.sin(np.arange(81) * 0.3).astype(np.float32)[:, None]


class Net(chainer.Chain):
    def __init__(self):
        super(Net, self).__init__()
        with self.init_scope():
            self.lstm = L.LSTM(1, 5)
            self.out = L.Linear(5, 1)

    def __call__(self, x, t):
        loss = F.mean_squared_error(self.out(self.lstm(x)), t)
        chainer.report({'loss': loss}, self)
        return loss


class Updater(training.StandardUpdater):
    def update_core(self):
        optimizer, iterator = self.get_optimizer('main'), self.get_iterator('main')
        loss = 0
        for _ in range(10):
            x, t = self.converter(iterator.next(), self.device)
            loss += optimizer.target(x, t)
        optimizer.target.cleargrads()
        loss.backward()
        loss.unchain_backward()
        optimizer.update()


model = Net()
optimizer = chainer.optimizers.Adam(0.02).setup(model)
optimizer.add_hook(chainer.optimizer_hooks.GradientClipping(1.0))
pairs = chainer.datasets.TupleDataset(wave[:-1], wave[1:])
iterator = chainer.iterators.SerialIterator(pairs, 1, shuffle=False)
updater = Updater(iterator, optimizer)
for _ in range(24):
    updater.update()
model.lstm.reset_state()
with chainer.no_backprop_mode():
    print([round(float(model(wave[i:i + 1], wave[i + 1:i + 2]).array), 4) for i in range(5)])
