# The inverse of a matrix by steepest descent on sum |XY - I|.
import numpy as np
import chainer
import chainer.functions as F

np.random.seed(0)
X = np.random.rand(3, 3).astype(np.float32)
Y = chainer.Variable(np.random.rand(3, 3).astype(np.float32))
identity = np.eye(3, dtype=np.float32)
rate, before = 0.01, None
for step in range(300):
    loss = F.sum(F.absolute(F.matmul(chainer.Variable(X), Y) - identity))
    Y.cleargrad()
    loss.backward()
    now = float(loss.data)
    rate *= 1.0 if before is None else 1.2 if now < before else 0.5
    before = now
    Y.data -= np.float32(rate) * Y.grad
    if step % 50 == 0:
        print(step, now, rate)
print(Y.data.tolist())
