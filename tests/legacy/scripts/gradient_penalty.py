# A critic whose gradient is held to length 1, by double backprop; two optimizers.
import numpy as np
import chainer
import chainer.functions as F
import chainer.links as L

np.random.seed(6)
critic = chainer.Sequential(L.Linear(2, 8), F.tanh, L.Linear(8, 1))
maker = chainer.Sequential(L.Linear(3, 8), F.relu, L.Linear(8, 2))
of_critic = chainer.optimizers.Adam(0.01, beta1=0.0).setup(critic)
of_maker = chainer.optimizers.RMSprop(0.005).setup(maker)
for step in range(8):
    real = (np.random.randn(16, 2) * 0.2 + 1).astype(np.float32)
    noise = np.random.randn(16, 3).astype(np.float32)
    fake = maker(noise)
    mixed = chainer.Variable(0.5 * real + 0.5 * fake.array)
    slope, = chainer.grad([critic(mixed)], [mixed], enable_double_backprop=True)
    penalty = F.mean_squared_error(F.sqrt(F.sum(slope ** 2, axis=1)), np.ones(16, np.float32))
    loss = F.mean(critic(fake.array)) - F.mean(critic(real)) + 10 * penalty
    critic.cleargrads()
    loss.backward()
    of_critic.update()
    against = -F.mean(critic(fake))
    maker.cleargrads()
    critic.cleargrads()
    against.backward()
    of_maker.update()
    print(step, round(float(loss.array), 4), round(float(against.array), 4))
