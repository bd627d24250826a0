# A DCGAN in small: two optimizers, an updater of its own, deconvolution and batch normalization.
import numpy as np
import chainer
import chainer.functions as F
import chainer.links as L
from chainer import Variable, training
from chainer.training import extensions


def add_noise(h, sigma=0.2):
    xp = chainer.backends.cuda.get_array_module(h.array)
    if chainer.config.train:
        return h + sigma * xp.random.randn(*h.shape).astype(h.dtype)
    return h


class Generator(chainer.Chain):
    def __init__(self, n_hidden, wscale=0.05):
        super(Generator, self).__init__()
        self.n_hidden = n_hidden
        with self.init_scope():
            w = chainer.initializers.Normal(wscale)
            self.l0 = L.Linear(n_hidden, 6 * 3 * 3, initialW=w, nobias=True)
            self.dc1 = L.Deconvolution2D(6, 4, 4, 2, 1, initialW=w, nobias=True)
            self.dc2 = L.Deconvolution2D(4, 1, 3, 1, 1, initialW=w)
            self.bn0 = L.BatchNormalization(6 * 3 * 3)
            self.bn1 = L.BatchNormalization(4)

    def make_hidden(self, batchsize):
        return np.random.uniform(-1, 1, (batchsize, self.n_hidden, 1, 1)).astype(np.float32)

    def forward(self, z):
        h = F.reshape(F.relu(self.bn0(self.l0(z))), (len(z), 6, 3, 3))
        return F.sigmoid(self.dc2(F.relu(self.bn1(self.dc1(h)))))


class Discriminator(chainer.Chain):
    def __init__(self, wscale=0.05):
        super(Discriminator, self).__init__()
        with self.init_scope():
            w = chainer.initializers.Normal(wscale)
            self.c0 = L.Convolution2D(1, 4, 3, 1, 1, initialW=w)
            self.c1 = L.Convolution2D(4, 6, 4, 2, 1, initialW=w, nobias=True)
            self.l2 = L.Linear(None, 1, initialW=w)
            self.bn1 = L.BatchNormalization(6, use_gamma=False)

    def forward(self, x):
        h = F.leaky_relu(self.c0(add_noise(x)))
        h = F.leaky_relu(add_noise(self.bn1(self.c1(h))))
        return self.l2(h)


class DCGANUpdater(chainer.training.updaters.StandardUpdater):
    def __init__(self, *args, **kwargs):
        self.gen, self.dis = kwargs.pop('models')
        super(DCGANUpdater, self).__init__(*args, **kwargs)

    def loss_dis(self, dis, y_fake, y_real):
        batchsize = len(y_fake)
        loss = F.sum(F.softplus(-y_real)) / batchsize + F.sum(F.softplus(y_fake)) / batchsize
        chainer.report({'loss': loss}, dis)
        return loss

    def loss_gen(self, gen, y_fake):
        loss = F.sum(F.softplus(-y_fake)) / len(y_fake)
        chainer.report({'loss': loss}, gen)
        return loss

    def update_core(self):
        gen_optimizer = self.get_optimizer('gen')
        dis_optimizer = self.get_optimizer('dis')
        batch = self.get_iterator('main').next()
        x_real = Variable(self.converter(batch, self.device))
        y_real = self.dis(x_real)
        x_fake = self.gen(Variable(self.gen.make_hidden(len(batch))))
        y_fake = self.dis(x_fake)
        dis_optimizer.update(self.loss_dis, self.dis, y_fake, y_real)
        gen_optimizer.update(self.loss_gen, self.gen, y_fake)


def make_optimizer(model, alpha=0.01, beta1=0.5):
    optimizer = chainer.optimizers.Adam(alpha=alpha, beta1=beta1)
    optimizer.setup(model)
    optimizer.add_hook(chainer.optimizer_hooks.WeightDecay(0.0001), 'hook_dec')
    return optimizer


np.random.seed(16)
gen, dis = Generator(5), Discriminator()
grid = np.arange(6) - 2.5
data = [np.exp(-((grid[:, None] - a) ** 2 + (grid - b) ** 2))[None].astype(np.float32)
        for a, b in np.random.uniform(-1, 1, (64, 2))]
train_iter = chainer.iterators.SerialIterator(data, 16)
updater = DCGANUpdater(
    models=(gen, dis), iterator=train_iter, device=-1,
    optimizer={'gen': make_optimizer(gen), 'dis': make_optimizer(dis)})
trainer = training.Trainer(updater, (3, 'epoch'), out='result')


@training.make_extension(trigger=(2, 'iteration'))
def say(trainer):
    seen = trainer.observation
    print('%d gen %.4f dis %.4f' % (
        trainer.updater.iteration, float(seen['gen/loss'].array), float(seen['dis/loss'].array)))


trainer.extend(say)
trainer.run()
with chainer.using_config('train', False):
    made = gen(gen.make_hidden(4)).array
print('%.4f %.4f' % (made.mean(), made.std()))
