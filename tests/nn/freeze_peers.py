"""Layers of Keras, Flax, Equinox and Haiku, their weights and what they say, kept for machines without them:
``KERAS_BACKEND=jax python tests/nn/freeze_peers.py``, with keras, jax, flax, equinox and dm-haiku installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

FROZEN = Path(__file__).parent / "frozen" / "peers.npz"
T, B, D, H = 4, 2, 3, 5


def flat(tree: Any, at: str) -> dict[str, np.ndarray]:
    if hasattr(tree, "items"):
        return {k: x for name, part in tree.items() for k, x in flat(part, f"{at}/{name}").items()}
    return {at: np.asarray(tree)}


if __name__ == "__main__":
    import equinox
    import flax.linen
    import haiku
    import jax
    import keras

    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    xs = random.normal(size=(T, B, D)).astype(np.float32)
    found: dict[str, np.ndarray] = {"xs": xs}

    def keep(name: str, weights: Any, ys: Any) -> None:
        found.update(flat(weights, f"{name}/weights") | {f"{name}/ys": np.asarray(ys)})

    for kind, name in (("rnn", "SimpleRNN"), ("gru", "GRU"), ("lstm", "LSTM")):
        layer = keras.layers.Bidirectional(getattr(keras.layers, name)(H, return_sequences=True))
        layer.build((B, T, D))
        layer.set_weights([random.normal(size=w.shape).astype("f") for w in layer.weights])
        weights = {str(k): w for k, w in enumerate(layer.get_weights())}
        keep(f"keras/{kind}", weights, np.asarray(layer(xs.transpose(1, 0, 2))).transpose(1, 0, 2))

        cell = getattr(flax.linen, {"rnn": "SimpleCell", "gru": "GRUCell", "lstm": "LSTMCell"}[kind])(H)
        state = cell.initialize_carry(jax.random.PRNGKey(0), (B, D))
        tree = cell.init(jax.random.PRNGKey(0), state, xs[0])["params"]
        tree = jax.tree.map(lambda w: random.normal(size=w.shape).astype("f"), tree)
        ys = []
        for x in xs:
            state, y = cell.apply({"params": tree}, state, x)
            ys.append(y)
        keep(f"flax/{kind}", tree, np.stack(ys))

        if kind != "rnn":
            module = getattr(equinox.nn, f"{kind.upper()}Cell")(D, H, key=jax.random.PRNGKey(1))
            arrays = {n: getattr(module, n) for n in ("weight_ih", "weight_hh", "bias", "bias_n") if hasattr(module, n)}
            rows = []
            for row in xs.transpose(1, 0, 2):
                zero = np.zeros(H, np.float32)
                state, ys = (zero, zero) if kind == "lstm" else zero, []
                for x in row:
                    state = module(x, state)
                    ys.append(state[0] if kind == "lstm" else state)
                rows.append(np.stack(ys))
            keep(f"equinox/{kind}", arrays, np.stack(rows, axis=1))

        def run(xs: Any, name: str = {"rnn": "VanillaRNN", "gru": "GRU", "lstm": "LSTM"}[kind]) -> Any:
            core = getattr(haiku, name)(H)
            return haiku.dynamic_unroll(core, xs, core.initial_state(B))[0]

        pure = haiku.without_apply_rng(haiku.transform(run))
        tree = {m: {k: random.normal(size=np.shape(v)).astype("f") for k, v in p.items()}
                for m, p in pure.init(jax.random.PRNGKey(0), xs).items()}  # fmt: skip
        short = {m.split("/")[-1]: p for m, p in tree.items()} if kind == "rnn" else next(iter(tree.values()))
        keep(f"haiku/{kind}", short, pure.apply(tree, xs))
    np.savez_compressed(FROZEN, **found)
