"""How long the first training step of a process takes: on a fresh installation, and in the processes after it.

python tests/benchmarks/first_use.py
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

STEP = """
import time
begin = time.perf_counter()
import numpy as np
import tinygrad_rnn as tg

def lap(name):
    global begin
    now = time.perf_counter()
    print(f"  {name:22} {now - begin:6.2f} s")
    begin = now

lap("imports")
tg.sigmoid(tg.tensor(np.ones((3, 4), np.float32), requires_grad=True)).sum().backward()
lap("first sigmoid")
net = tg.nn.Network(tg.nn.LSTMCell(8, 32), 10)
adam = tg.optim.Adam(net.parameters())
outputs, _ = net(np.ones((20, 4, 8), np.float32))
lap("LSTM, forward")
tg.cross_entropy(outputs, np.zeros((20, 4), int)).backward()
lap("loss, backward")
tg.optim.clip_grad_norm_(net.parameters(), 1.0)
adam.step()
lap("clipping, Adam")
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        fresh = {"NUMBA_CACHE_DIR": f"{folder}/numba", "TINYGRAD_RNN_CACHE": f"{folder}/programs"}
        for what in ("on a fresh installation", "in the next process", "and the next"):
            print(what, flush=True)
            subprocess.run([sys.executable, "-c", STEP], env=os.environ | fresh, check=True)


if __name__ == "__main__":
    main()
