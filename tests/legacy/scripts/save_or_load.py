# Saves a model and its optimizer into a folder, or loads them from there: save_or_load.py save DIR
import os
import sys
import numpy as np
import chainer
import chainer.functions as F
import chainer.links as L

what, folder, kind = sys.argv[1:]


class Net(chainer.Chain):
    def __init__(self):
        super(Net, self).__init__()
        with self.init_scope():
            self.embed = L.EmbedID(7, 4)
            self.lstm = L.LSTM(4, 5)
            self.bn = L.BatchNormalization(5)
            self.rest = chainer.ChainList(L.Linear(5, 3), L.Linear(3, 2, nobias=True))
            self.free = chainer.Parameter(chainer.initializers.Normal(), (2, 2))
        self.add_persistent('count', 3)

    def forward(self, x):
        self.lstm.reset_state()
        for row in x:
            h = self.lstm(self.embed(row))
        h = self.rest[1](F.tanh(self.rest[0](self.bn(h))))
        return F.sum(F.matmul(h, self.free) ** 2)


save, load = (getattr(chainer.serializers, way + kind) for way in ('save_', 'load_'))
np.random.seed(20 if what == 'save' else 21)
x = np.random.RandomState(22).randint(0, 7, (3, 6)).astype(np.int32)
net = Net()
optimizer = chainer.optimizers.AdaDelta().setup(net)
net.embed.disable_update()
for _ in range(3):
    optimizer.update(net, x)
if what == 'load':
    load(os.path.join(folder, 'net'), net)
    load(os.path.join(folder, 'optimizer'), optimizer)
else:
    net.count = 11
    save(os.path.join(folder, 'net'), net)
    save(os.path.join(folder, 'optimizer'), optimizer)
for _ in range(2):
    optimizer.update(net, x)
print(optimizer.t, int(net.count))
for name, p in sorted(net.namedparams()):
    state = p.update_rule.state or {}
    kept = ' '.join('%s %.6f' % (k, float(np.sum(v))) for k, v in sorted(state.items()))
    print(name, '%.6f' % float(p.array.sum()), kept)
