"""Whether intervals hold what they say: on real series, the share of later values that lay inside, and the errors.

Each series is cut in time: 64 % to train on, 16 % to validate on and to measure residuals on, 20 % that come later.
From every row of the last part a forecast is made without training anew. Beside it: the same value of the season
before, and a linear autoregression of the window's length, by least squares. Needs ``pip install .[series]``.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

import tinygrad_rnn as tg

LEVELS = (0.8, 0.9)


def series() -> Iterator[tuple[str, int, np.ndarray]]:
    """(name, steps of a season, values) of series that ship in packages."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs
        import statsmodels.api as sm
        from vega_datasets import local_data

        def own(name: str) -> Any:
            return getattr(sm.datasets, name).load_pandas().data

        macro, stocks = own("macrodata"), local_data.stocks()
        apple = stocks.price[stocks.symbol == "AAPL"]
        carbon = own("co2").co2.resample("MS").mean()["1965":]
        yield "sunspots, yearly", 11, own("sunspots").SUNACTIVITY
        yield "flow of the Nile, yearly", 1, own("nile").volume
        yield "El Niño, sea surface, monthly", 12, own("elnino").drop(columns="YEAR").to_numpy().ravel()
        yield "US inflation, quarterly", 1, macro.infl
        yield "US unemployment, quarterly", 1, macro.unemp
        yield "Seattle, warmest of the day", 1, local_data.seattle_weather().temp_max
        yield "San Francisco, temperature, hourly", 24, local_data.sf_temps().temp
        yield "Apple, change of log price, monthly", 1, np.diff(np.log(apple))
        yield "CO₂, change, monthly", 12, np.diff(carbon)
        yield "US jobs, change, monthly", 12, np.diff(local_data.us_employment().nonfarm)
        yield "Apple, price, monthly", 1, apple
        yield "CO₂, monthly", 12, carbon


def measured(values: np.ndarray, season: int, steps: int) -> dict[str, Any]:
    """What came of one series."""
    y = np.asarray(values, np.float64).reshape(-1, 1)
    later, kept = round(len(y) * 0.8), round(len(y) * 0.64)
    window = min(24, kept // 3)
    scale = tg.data.Standard.fit(y[:kept])
    z = scale.apply(y).astype(np.float32)
    generator = np.random.default_rng(0)
    network = tg.nn.Network(tg.nn.GRUCell(1, 32, generator=generator), 1, generator=generator)
    unseen = z[kept:later]
    few = min(window, len(unseen) - 1)
    trainer = tg.Trainer(
        network,
        tg.data.Windows(z[:kept], z[:kept], window, 32),
        optimizer=tg.optim.Adam(network.parameters(), lr=3e-3),
        clip_norm=1.0,
        validation=tg.data.Windows(unseen, unseen, few, 32, shuffle=False, stride=few),
        validate_every=50,
        patience=20,
    )
    trainer.run(steps)
    missed = tg.training.residuals(network, z[kept - window : later], 12, window)
    ahead = max(1, min(12, missed.reach(0.9)))
    origins = np.arange(later, len(y) - ahead + 1)
    rows = origins - window + np.arange(window)[:, None]
    said = tg.training.free_run(network, z[rows], ahead)
    truth = z[origins + np.arange(ahead)[:, None]]
    inside = {level: [] for level in LEVELS}
    for k in range(len(origins)):
        for level in LEVELS:
            low, high = missed.interval(said[:, k], level)
            inside[level].append((low <= truth[:, k]) & (truth[:, k] <= high))
    back = season * -(-np.arange(1, ahead + 1) // season)
    naive = z[origins + np.arange(ahead)[:, None] - back[:, None]]

    def error(forecast: np.ndarray) -> float:
        return float(np.sqrt(np.mean((forecast - truth) ** 2)) * scale.deviation[0])

    return {
        "rows": len(y),
        "origins": int(missed.origins[0]),
        "ahead": ahead,
        "inside": {level: float(np.mean(inside[level])) for level in LEVELS},
        "errors": [error(said), error(naive), error(autoregression(z[:later, 0], z[rows][..., 0], ahead))],
    }


def autoregression(known: np.ndarray, past: np.ndarray, ahead: int) -> np.ndarray:
    """y_t = c + Σ a_k y_{t−k}, fitted on what is known, gone on with from each column of `past` (window, origins)."""
    order = min(len(past), len(known) // 4)
    rows = np.stack([known[k : len(known) - order + k] for k in range(order)], axis=1)
    a, *_ = np.linalg.lstsq(np.c_[rows, np.ones(len(rows))], known[order:], rcond=None)
    read = past[-order:]
    for _ in range(ahead):
        read = np.r_[read, (a[:-1] @ read[-order:] + a[-1])[None]]
    return read[-ahead:, :, None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only check that it runs")
    quick = parser.parse_args().quick
    print("| Series | Rows | Origins | Steps | Inside 80 % | Inside 90 % | Error: GRU | season before | linear |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    shares = []
    for name, season, values in series():
        found = measured(values, season, 20 if quick else 4000)
        inside = [f"{found['inside'][level]:.0%}" for level in LEVELS]
        errors = [f"{e:.3g}" for e in found["errors"]]
        facts = [name, f"{found['rows']:,}", found["origins"], found["ahead"], *inside, *errors]
        print("|", " | ".join(map(str, facts)), "|", flush=True)
        shares.append([found["inside"][level] for level in LEVELS])
        if quick:
            break
    print("mean inside:", ", ".join(f"{share:.0%}" for share in np.mean(shares, axis=0)))


if __name__ == "__main__":
    main()
