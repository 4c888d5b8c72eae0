"""Run a Python program of this project on an emulated 64-bit ARM processor, whose vectors are NEON's.

    python tests/arm.py -m pytest tests/kernels/test_products.py -p no:cacheprovider
    make test-arm                                                  # what the processor makes a difference to

Right where the kernels are right, and about thirty times as slow: nothing is timed on it. It prepares a folder of its
own once (ARM_HOME; default ~/.cache/tinygrad_rnn-arm): Debian's ARM Python and libraries, unpacked, and the ARM wheels
of what the project needs. It needs Debian or a relative, and its emulator (apt-get install qemu-user-static). Where
these cannot be had, it says so and ends with 77. Tests that start another Python do not run there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
HOME = Path(os.environ.get("ARM_HOME", Path.home() / ".cache" / "tinygrad_rnn-arm"))
EMULATOR = "qemu-aarch64-static"
VERSION = "{}.{}".format(*sys.version_info)
LIBRARIES = (
    "libc6 libgcc-s1 libstdc++6 zlib1g libexpat1 libssl3 libffi8 libbz2-1.0 liblzma5 libsqlite3-0 libuuid1 "
    "libncursesw6 libtinfo6 libreadline8 libcrypt1 media-types"
)
WHEELS = ["numpy", "numba", "tqdm", "safetensors", "filelock", "graphviz", "latex2mathml", "pytest", "hypothesis"]
CANNOT = 77  # what test drivers take for "skipped"


def prepare() -> None:
    """Fetch the ARM Python, its libraries and wheels, unless they are there."""
    ready = HOME / f"ready-{VERSION}"
    if ready.exists():
        return
    for folder in ("lists/partial", "archives/partial", "packages", "root", "wheels", "site"):
        (HOME / folder).mkdir(parents=True, exist_ok=True)
    (HOME / "status").touch()
    apt = ["apt-get", "-q"]
    for option in (
        "APT::Architecture=arm64", "APT::Architectures=arm64", f"Dir::State::Lists={HOME}/lists",
        f"Dir::State::status={HOME}/status", f"Dir::Cache::archives={HOME}/archives",
    ):  # fmt: skip
        apt += ["-o", option]
    python = [f"python{VERSION}-minimal", f"libpython{VERSION}-minimal", f"libpython{VERSION}-stdlib"]
    run(*apt, "update")
    run(*apt, "download", *LIBRARIES.split(), *python, cwd=HOME / "packages")
    for package in (HOME / "packages").glob("*.deb"):
        run("dpkg", "-x", package, HOME / "root")
    platforms = [x for tag in ("2_28", "2_27", "2_17") for x in ("--platform", f"manylinux_{tag}_aarch64")]
    platforms += ["--platform", "manylinux2014_aarch64", "--only-binary", ":all:", "--python-version", VERSION]
    run(sys.executable, "-m", "pip", "download", "-q", *platforms, "-d", HOME / "wheels", *WHEELS)
    for wheel in (HOME / "wheels").glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(HOME / "site")
    ready.touch()


def run(*command: object, cwd: Path | None = None) -> None:
    subprocess.run([str(part) for part in command], cwd=cwd, check=True, stdout=sys.stderr)


def main() -> int:
    missing = [name for name in (EMULATOR, "apt-get", "dpkg") if shutil.which(name) is None]
    if missing:
        print(f"arm.py: no {', '.join(missing)} here (apt-get install qemu-user-static, on Debian)", file=sys.stderr)
        return CANNOT
    try:
        prepare()
    except subprocess.CalledProcessError as error:
        print(f"arm.py: the ARM Python cannot be had here: {error}", file=sys.stderr)
        return CANNOT
    system = HOME / "root" / "usr"
    settings = {
        "PYTHONPATH": f"{HOME}/site:{ROOT}:{ROOT}/tests",
        "PYTHONHOME": system,
        "LD_LIBRARY_PATH": f"{system}/lib/aarch64-linux-gnu:{HOME}/root/lib/aarch64-linux-gnu",
        "NUMBA_CACHE_DIR": HOME / "numba",
        "TINYGRAD_RNN_CACHE": HOME / "programs",
        "OPENBLAS_NUM_THREADS": 1,
        "EMULATED": 1,  # an emulated program cannot start another
    }
    command: list[object] = [EMULATOR, "-L", HOME / "root"]
    for name, value in settings.items():
        command += ["-E", f"{name}={value}"]
    return subprocess.run(
        [str(part) for part in [*command, system / "bin" / f"python{VERSION}", *sys.argv[1:]]]
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
