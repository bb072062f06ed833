#!/bin/sh
# Makes a Python environment in a folder of its own with what peers.py compares with, versions pinned. pip fetches the
# PyTorch with all of CUDA, some GB; PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu spares that where that
# index can be reached.
set -eu
[ $# -eq 1 ] || {
    echo "Usage: tests/bench/peers_setup.sh FOLDER (which is made)" >&2
    exit 2
}
[ ! -e "$1" ] || {
    echo "peers_setup.sh: $1 is there already; give a folder that is to be made, or use it: tests/bench/peers.py --python $1/bin/python" >&2
    exit 2
}
python3 -m venv "$1"
"$1/bin/pip" install --quiet torch==2.15.0 jax==0.10.2 numpy==2.4.6
"$1/bin/python" -c 'import torch, jax; print("PyTorch", torch.__version__, "and JAX", jax.__version__)'
echo "now: tests/bench/peers.py --python $1/bin/python"
