# A deep Q-network on a cart-pole written here: a replay memory, a copied target network, Huber loss.
import collections
import copy
import math
import random
import numpy as np
import chainer
import chainer.functions as F
import chainer.links as L
from chainer import optimizers


class CartPole(object):
    def __init__(self, rng):
        self.rng = rng

    def reset(self):
        self.state = self.rng.uniform(-0.05, 0.05, 4)
        self.steps = 0
        return self.state.astype(np.float32)

    def step(self, action):
        x, v, angle, turn = self.state
        force = 10.0 if action == 1 else -10.0
        cos, sin = math.cos(angle), math.sin(angle)
        pushed = (force + 0.05 * turn ** 2 * sin) / 1.1
        bend = (9.8 * sin - cos * pushed) / (0.5 * (4.0 / 3 - 0.1 * cos ** 2 / 1.1))
        speed = pushed - 0.05 * bend * cos / 1.1
        self.state = np.array([x + 0.02 * v, v + 0.02 * speed, angle + 0.02 * turn,
                               turn + 0.02 * bend])
        self.steps += 1
        done = abs(self.state[0]) > 2.4 or abs(self.state[2]) > 0.21 or self.steps >= 60
        return self.state.astype(np.float32), 1.0, done


class QFunction(chainer.Chain):
    def __init__(self, n_units=12):
        super(QFunction, self).__init__()
        with self.init_scope():
            self.l0 = L.Linear(4, n_units)
            self.l1 = L.Linear(n_units, n_units)
            self.l2 = L.Linear(n_units, 2)

    def __call__(self, x):
        h = F.leaky_relu(self.l0(x), 0.1)
        return self.l2(F.tanh(self.l1(h)))


random.seed(15)
np.random.seed(15)
env = CartPole(np.random.RandomState(15))
Q = QFunction()
target_Q = copy.deepcopy(Q)
opt = optimizers.Adam(alpha=0.01, eps=1e-2)
opt.setup(Q)
D = collections.deque(maxlen=200)
epsilon, iteration = 0.5, 0
for episode in range(14):
    obs = env.reset()
    done, R, losses = False, 0.0, []
    while not done:
        with chainer.using_config('train', False), chainer.no_backprop_mode():
            q = Q(obs[None]).array[0]
        action = int(q.argmax()) if random.random() > epsilon else random.randrange(2)
        new_obs, reward, done = env.step(action)
        R += reward
        D.append((obs, action, reward * 0.1, done, new_obs))
        obs = new_obs
        if len(D) >= 16:
            sample = random.sample(list(D), 16)
            s = np.array([e[0] for e in sample], dtype=np.float32)
            a = np.array([e[1] for e in sample], dtype=np.int32)
            r = np.array([e[2] for e in sample], dtype=np.float32)
            d = np.array([e[3] for e in sample], dtype=np.float32)
            n = np.array([e[4] for e in sample], dtype=np.float32)
            y = F.select_item(Q(s), a)
            with chainer.no_backprop_mode():
                best = F.select_item(target_Q(n), F.argmax(Q(n), axis=1)).array
            loss = F.mean(F.huber_loss(y, r + 0.97 * (1 - d) * best, 1.0, reduce='no'))
            Q.cleargrads()
            loss.backward()
            opt.update()
            losses.append(float(loss.array))
        iteration += 1
        if iteration % 40 == 0:
            target_Q.copyparams(Q)
    epsilon = max(0.05, epsilon * 0.9)
    if episode % 2:
        print('episode %d R %.0f loss %.5f' % (episode, R, np.mean(losses)))
