# A GRU on a sine wave, backprop truncated, with an iterator and an updater of its own.
import numpy as np
import chainer
import chainer.functions as F
import chainer.links as L
from chainer import training
from chainer.training import extensions


class WaveIterator(chainer.dataset.Iterator):
    def __init__(self, wave, batch_size, repeat=True):
        self.wave, self.batch_size, self.repeat = wave, batch_size, repeat
        self.epoch, self.iteration = 0, 0
        self.is_new_epoch = False
        length = len(wave)
        self.offsets = [i * length // batch_size for i in range(batch_size)]

    def __next__(self):
        length = len(self.wave)
        if not self.repeat and self.iteration * self.batch_size >= length:
            raise StopIteration
        now = [self.wave[(o + self.iteration) % length] for o in self.offsets]
        self.iteration += 1
        then = [self.wave[(o + self.iteration) % length] for o in self.offsets]
        epoch = self.iteration * self.batch_size // length
        self.is_new_epoch = self.epoch < epoch
        self.epoch = epoch
        return list(zip(now, then))

    @property
    def epoch_detail(self):
        return self.iteration * self.batch_size / float(len(self.wave))

    def serialize(self, serializer):
        self.iteration = serializer('iteration', self.iteration)
        self.epoch = serializer('epoch', self.epoch)


class Net(chainer.Chain):
    def __init__(self, units):
        super(Net, self).__init__()
        with self.init_scope():
            self.gru = L.StatefulGRU(1, units)
            self.out = L.Linear(units, 1)

    def reset_state(self):
        self.gru.reset_state()

    def forward(self, x, t):
        loss = F.mean_squared_error(self.out(self.gru(x)), t)
        chainer.report({'loss': loss}, self)
        return loss


class BPTTUpdater(training.updaters.StandardUpdater):
    def __init__(self, train_iter, optimizer, bprop_len, device):
        super(BPTTUpdater, self).__init__(train_iter, optimizer, device=device)
        self.bprop_len = bprop_len

    def update_core(self):
        loss = 0
        train_iter = self.get_iterator('main')
        optimizer = self.get_optimizer('main')
        for i in range(self.bprop_len):
            x, t = self.converter(train_iter.__next__(), self.device)
            loss += optimizer.target(x, t)
        optimizer.target.cleargrads()
        loss.backward()
        loss.unchain_backward()
        optimizer.update()


np.random.seed(13)
wave = np.sin(np.arange(60) * 0.21).astype(np.float32)[:, None]
model = Net(6)
optimizer = chainer.optimizers.AdaDelta()
optimizer.setup(model)
optimizer.add_hook(chainer.optimizer_hooks.GradientClipping(5))
updater = BPTTUpdater(WaveIterator(wave, 3), optimizer, 6, -1)
trainer = training.Trainer(updater, (5, 'epoch'), out='result')
trainer.extend(extensions.LogReport(trigger=(5, 'iteration')))
trainer.extend(extensions.LinearShift('eps', (1e-6, 1e-5), (2, 8)))


@training.make_extension(trigger=(4, 'iteration'), priority=-50)
def say(trainer):
    print('%d %.5f' % (trainer.updater.iteration, float(trainer.observation['main/loss'].array)))


trainer.extend(say)
trainer.run()
model.reset_state()
with chainer.no_backprop_mode():
    print(['%.4f' % float(model(wave[i:i + 1], wave[i + 1:i + 2]).array) for i in range(5)])
