# coding: utf-8
# Chainer 1 and Python 2: a character RNN by hand, with states handed on, and a text that it writes.
import numpy as np
import chainer
from chainer import cuda, Variable, optimizers, Chain
import chainer.functions as F
import chainer.links as L

np.random.seed(14)
text = u'the cat sees the dog and the dog sees the cat. ' * 4
vocab = {}
dataset = np.ndarray((len(text),), dtype=np.int32)
for i, char in enumerate(text):
    if not vocab.has_key(char):
        vocab[char] = len(vocab)
    dataset[i] = vocab[char]
print 'corpus length:', len(text), 'vocab size:', len(vocab)


class CharRNN(Chain):
    def __init__(self, n_vocab, n_units):
        super(CharRNN, self).__init__(
            embed=L.EmbedID(n_vocab, n_units),
            l1_x=L.Linear(n_units, 4 * n_units),
            l1_h=L.Linear(n_units, 4 * n_units),
            l2_x=L.Linear(n_units, 4 * n_units),
            l2_h=L.Linear(n_units, 4 * n_units),
            l3=L.Linear(n_units, n_vocab),
        )
        for param in self.params():
            param.data[:] = np.random.uniform(-0.2, 0.2, param.data.shape)

    def forward_one_step(self, x_data, y_data, state, train=True, dropout_ratio=0.2):
        x = Variable(x_data, volatile=not train)
        h0 = self.embed(x)
        h1_in = self.l1_x(F.dropout(h0, ratio=dropout_ratio, train=train)) + self.l1_h(state['h1'])
        c1, h1 = F.lstm(state['c1'], h1_in)
        h2_in = self.l2_x(F.dropout(h1, ratio=dropout_ratio, train=train)) + self.l2_h(state['h2'])
        c2, h2 = F.lstm(state['c2'], h2_in)
        y = self.l3(F.dropout(h2, ratio=dropout_ratio, train=train))
        state = {'c1': c1, 'h1': h1, 'c2': c2, 'h2': h2}
        if train:
            t = Variable(y_data, volatile=not train)
            return state, F.softmax_cross_entropy(y, t)
        return state, F.softmax(y)


def make_initial_state(n_units, batchsize=3, train=True):
    return {name: Variable(np.zeros((batchsize, n_units), dtype=np.float32), volatile=not train)
            for name in ('c1', 'h1', 'c2', 'h2')}


n_units, batchsize, bprop_len = 8, 3, 5
model = CharRNN(len(vocab), n_units)
optimizer = optimizers.RMSprop(lr=0.02, alpha=0.95, eps=1e-8)
optimizer.setup(model)
whole_len = dataset.shape[0]
jump = whole_len / batchsize
state = make_initial_state(n_units, batchsize)
accum_loss = Variable(np.zeros((), dtype=np.float32))
for i in xrange(jump):
    x_batch = np.array([dataset[(jump * j + i) % whole_len] for j in xrange(batchsize)])
    y_batch = np.array([dataset[(jump * j + i + 1) % whole_len] for j in xrange(batchsize)])
    state, loss_i = model.forward_one_step(x_batch, y_batch, state)
    accum_loss += loss_i
    if (i + 1) % bprop_len == 0:
        optimizer.zero_grads()
        if (i + 1) % 20 == 0:
            print i + 1, '%.5f' % float(accum_loss.data / bprop_len)
        accum_loss.backward()
        accum_loss.unchain_backward()
        accum_loss = Variable(np.zeros((), dtype=np.float32))
        optimizer.clip_grads(5)
        optimizer.update()

state = make_initial_state(n_units, batchsize=1, train=False)
prev_char = np.array([vocab[u't']], dtype=np.int32)
said = []
for i in xrange(12):
    state, prob = model.forward_one_step(prev_char, None, state, train=False)
    index = np.argmax(cuda.to_cpu(prob.data)[0])
    said.append('%d:%.4f' % (index, float(prob.data[0, index])))
    prev_char = np.array([index], dtype=np.int32)
print ' '.join(said)
