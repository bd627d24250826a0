# What char_rnn.py says in Chainer 1 and Python 2, in Chainer 7's words.
import numpy as np
import chainer
from chainer import Variable
import chainer.functions as F
import chainer.links as L

np.random.seed(14)
text = 'the cat sees the dog and the dog sees the cat. ' * 4
vocab = {}
dataset = np.ndarray((len(text),), dtype=np.int32)
for i, char in enumerate(text):
    vocab.setdefault(char, len(vocab))
    dataset[i] = vocab[char]
print('corpus length:', len(text), 'vocab size:', len(vocab))


class CharRNN(chainer.Chain):
    def __init__(self, n_vocab, n_units):
        super().__init__()
        with self.init_scope():
            # In the order in which a dictionary of Python 3 keeps keywords.
            self.embed = L.EmbedID(n_vocab, n_units)
            self.l1_x = L.Linear(n_units, 4 * n_units)
            self.l1_h = L.Linear(n_units, 4 * n_units)
            self.l2_x = L.Linear(n_units, 4 * n_units)
            self.l2_h = L.Linear(n_units, 4 * n_units)
            self.l3 = L.Linear(n_units, n_vocab)
        for param in self.params():
            param.data[:] = np.random.uniform(-0.2, 0.2, param.data.shape)

    def one_step(self, x, t, state):
        h1_in = self.l1_x(F.dropout(self.embed(x), 0.2)) + self.l1_h(state['h1'])
        c1, h1 = F.lstm(state['c1'], h1_in)
        h2_in = self.l2_x(F.dropout(h1, 0.2)) + self.l2_h(state['h2'])
        c2, h2 = F.lstm(state['c2'], h2_in)
        y = self.l3(F.dropout(h2, 0.2))
        state = {'c1': c1, 'h1': h1, 'c2': c2, 'h2': h2}
        return state, F.softmax(y) if t is None else F.softmax_cross_entropy(y, t)


def initial(batchsize):
    return {name: Variable(np.zeros((batchsize, 8), np.float32))
            for name in ('c1', 'h1', 'c2', 'h2')}


model = CharRNN(len(vocab), 8)
optimizer = chainer.optimizers.RMSprop(lr=0.02, alpha=0.95, eps=1e-8)
optimizer.setup(model)
clip = chainer.optimizer_hooks.GradientClipping(5)
whole_len = dataset.shape[0]
jump = whole_len // 3
state = initial(3)
accum_loss = Variable(np.zeros((), dtype=np.float32))
for i in range(jump):
    x = np.array([dataset[(jump * j + i) % whole_len] for j in range(3)])
    t = np.array([dataset[(jump * j + i + 1) % whole_len] for j in range(3)])
    state, loss_i = model.one_step(x, t, state)
    accum_loss += loss_i
    if (i + 1) % 5 == 0:
        model.zerograds()
        if (i + 1) % 20 == 0:
            print(i + 1, '%.5f' % float(accum_loss.data / 5))
        accum_loss.backward()
        accum_loss.unchain_backward()
        accum_loss = Variable(np.zeros((), dtype=np.float32))
        clip(optimizer)
        optimizer.update()

state, char, said = initial(1), np.array([vocab['t']], np.int32), []
for i in range(12):
    with chainer.using_config('train', False), chainer.no_backprop_mode():
        state, prob = model.one_step(char, None, state)
    index = np.argmax(prob.data[0])
    said.append('%d:%.4f' % (index, float(prob.data[0, index])))
    char = np.array([index], np.int32)
print(' '.join(said))
