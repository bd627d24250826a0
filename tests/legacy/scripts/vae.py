# A variational autoencoder on digits, of distributions, with their divergence.
import numpy as np
import chainer
import chainer.distributions as D
import chainer.functions as F
import chainer.links as L
from chainer import reporter, training
from chainer.training import extensions


class Encoder(chainer.Chain):
    def __init__(self, n_in, n_latent, n_h):
        super(Encoder, self).__init__()
        with self.init_scope():
            self.linear = L.Linear(n_in, n_h)
            self.mu = L.Linear(n_h, n_latent)
            self.ln_sigma = L.Linear(n_h, n_latent)

    def forward(self, x):
        h = F.tanh(self.linear(x))
        return D.Normal(loc=self.mu(h), log_scale=self.ln_sigma(h))


class Decoder(chainer.Chain):
    def __init__(self, n_in, n_latent, n_h):
        super(Decoder, self).__init__()
        with self.init_scope():
            self.linear = L.Linear(n_latent, n_h)
            self.output = L.Linear(n_h, n_in)

    def forward(self, z, inference=False):
        n_batch_axes = 1 if inference else 2
        h = F.tanh(self.linear(z, n_batch_axes=n_batch_axes))
        h = self.output(h, n_batch_axes=n_batch_axes)
        return D.Bernoulli(logit=h)


class Prior(chainer.Link):
    def __init__(self, n_latent):
        super(Prior, self).__init__()
        self.loc = np.zeros(n_latent, np.float32)
        self.scale = np.ones(n_latent, np.float32)
        self.register_persistent('loc')
        self.register_persistent('scale')

    def forward(self):
        return D.Normal(self.loc, scale=self.scale)


class AvgELBOLoss(chainer.Chain):
    def __init__(self, encoder, decoder, prior, beta=1.0, k=2):
        super(AvgELBOLoss, self).__init__()
        self.beta, self.k = beta, k
        with self.init_scope():
            self.encoder, self.decoder, self.prior = encoder, decoder, prior

    def __call__(self, x):
        q_z = self.encoder(x)
        z = q_z.sample(self.k)
        p_x = self.decoder(z)
        p_z = self.prior()
        reconstr = F.mean(F.sum(p_x.log_prob(F.broadcast_to(x[None, :], (self.k,) + x.shape)), -1))
        kl = F.mean(F.sum(chainer.kl_divergence(q_z, p_z), axis=-1))
        loss = -(reconstr - self.beta * kl)
        reporter.report({'loss': loss, 'reconstr': reconstr, 'kl_penalty': kl}, self)
        return loss


np.random.seed(12)
train, test = chainer.datasets.get_mnist(withlabel=False)
train = (train[:120, ::4] > 0.5).astype(np.float32)
test = (test[:40, ::4] > 0.5).astype(np.float32)
avg_elbo_loss = AvgELBOLoss(Encoder(196, 3, 12), Decoder(196, 3, 12), Prior(3))
optimizer = chainer.optimizers.Adam(0.01)
optimizer.setup(avg_elbo_loss)
train_iter = chainer.iterators.SerialIterator(train, 30)
test_iter = chainer.iterators.SerialIterator(test, 20, repeat=False, shuffle=False)
updater = training.updaters.StandardUpdater(
    train_iter, optimizer, device=-1, loss_func=avg_elbo_loss)
trainer = training.Trainer(updater, (4, 'epoch'), out='result')
trainer.extend(extensions.Evaluator(test_iter, avg_elbo_loss, device=-1))


@training.make_extension(trigger=(1, 'epoch'))
def say(trainer):
    seen = {k: float(getattr(v, 'array', v)) for k, v in trainer.observation.items()}
    print(trainer.updater.epoch, ' '.join('%s %.3f' % pair for pair in sorted(seen.items())))


trainer.extend(say)
trainer.run()
with chainer.using_config('train', False), chainer.no_backprop_mode():
    z = avg_elbo_loss.prior().sample(2)
    y = avg_elbo_loss.decoder(z, inference=True).mean
print('%.4f' % float(y.array.mean()))
