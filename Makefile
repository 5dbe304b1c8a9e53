# make demo    the main job: expression, gradients, check, pictures, training; the first time it builds the engine
# make test    what a newcomer needs to trust the installation, in some minutes
# make check   all that is checked before a change is merged, and that CI runs
# make check-long HOURS=3   wheels and sdist as installed, every test uncompiled; random programs, hostile calls,
#     interrupts, for so many hours
# make check-jax   functions that are exported to JAX, beside JAX
# make docs    the site of the documentation, in build/docs; its notebooks are run
# make playground   the engine, Python and Graphviz for browsers, a static folder in build/site; takes Node.js and npm
# make build   compile what was edited; `make quick T=tests/graph` then runs the tests of a file or a folder
# All of them share a virtual environment of their own, .venv, and nothing is compiled twice.

PYTHON ?= python3
BIN := .venv/bin
# What is imported is compiled to bytecode then; pip would do it for all files of all packages.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile
# What the extension modules follow from.
SOURCES := setup.py $(shell find autograd -name '*.py' -o -name '*.pxd')
T ?= tests/graph/test_node.py
EXTRAS_demo := viz,plot
EXTRAS_test := test
EXTRAS_docs := docs
EXTRAS_bench := bench,plot,viz

.PHONY: demo test check check-long check-jax check-exported-layers docs playground build quick core-uncompiled bench soak \
	sanitize clean generated style types memory doctests-of-modules doctests-of-pages

demo: .venv/ready-demo
	$(BIN)/python -m examples.demo

# Values and derivatives of every operation, graphs, transforms, compiled functions, layers, pictures, and the README.
TRUST := tests/operations/test_primitives.py tests/operations/test_conventions.py tests/graph tests/transforms \
	tests/program/test_jit.py tests/program/rows/test_vmap.py tests/project/test_compilation.py tests/project/test_project.py

test: .venv/ready-test
	$(BIN)/python -m pytest -q -n 2 $(TRUST)
	$(BIN)/python -m pytest -q --doctest-glob='*.md' README.md

check: .venv/ready-test
	$(MAKE) -j 2 generated style types memory
	$(BIN)/python -m pytest -n 2
	$(MAKE) core-uncompiled

# Each of these takes one processor: two are at work at a time.
generated:
	$(BIN)/python tools/generate_kernels.py --check
	$(BIN)/python tools/generate_page_kernels.py --check
	$(BIN)/python tools/generate_c_library.py --check
	$(BIN)/python tools/generate_docs.py --check
	$(BIN)/python tools/generate_pictures.py --check
	$(BIN)/python tools/generate_readme.py --check

style:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

types:
	$(BIN)/mypy

memory:
	$(BIN)/python tools/sanitize.py debug

# A broken link, a notebook that fails and any other warning is an error. What notebooks gave is kept in build/docs-cache.
docs: .venv/ready-docs playground
	$(BIN)/python -m sphinx -q -E -W --keep-going -j 2 -d build/docs-trees docs build/docs
	@echo "The site is in build/docs/index.html."

playground: .venv/built
	$(BIN)/python tools/build_playground.py

build: .venv/built

quick: .venv/ready-test
	$(BIN)/python -m pytest -q -x $(T)

# The engine as plain Python: on a copy without extension modules, the tests of the rooms that are compiled and of what
# holds for the whole engine, and all doctests. Everything else is Python either way; `make check-long` runs it too.
UNCOMPILED := tests/numbers tests/operations tests/graph tests/arrays tests/transforms tests/program \
	--ignore=tests/program/llvm --ignore=tests/program/loops --ignore=tests/program/rows/test_executors.py \
	--ignore=tests/program/test_written_out.py \
	$(addprefix tests/project/test_,$(addsuffix .py,compilation depth foreign_objects interruption names \
	out_of_memory processes programs project random_graphs threads))
AS_PYTHON := cd build/uncompiled && AUTOGRAD_COMPILE=no PYTHONPATH=. $(abspath $(BIN))/python -m pytest
core-uncompiled:
	rm -rf build/uncompiled && mkdir -p build/uncompiled
	cp -r autograd layers viz examples tests tools docs pyproject.toml setup.py conftest.py README.md LICENSE Makefile \
		CHANGELOG.md CITATION.cff CONTRIBUTING.md SECURITY.md benchmarks build/uncompiled/
	find build/uncompiled \( -name "*.so" -o -name "*.pyd" \) -delete
	$(AS_PYTHON) -n 2 $(UNCOMPILED)
	$(MAKE) -j 2 doctests-of-modules doctests-of-pages

doctests-of-modules:
	$(AS_PYTHON) --doctest-modules autograd layers viz examples

doctests-of-pages:
	$(AS_PYTHON) --doctest-glob='*.md' README.md docs

# Functions for JAX, and linear algebra, beside JAX's own: apart, for JAX takes 600 MB.
check-jax: .venv/ready-test
	$(PIP) --no-build-isolation --editable '.[jax]'
	$(BIN)/python -m pytest -q benchmarks/test_jax_function.py benchmarks/test_linear_algebra.py

# Models in ONNX and states of PyTorch beside those two.
check-exported-layers: .venv/ready-bench
	$(BIN)/python -m pytest -q benchmarks/test_exported_layers.py

# Against all peers that can be installed here, in some twenty minutes; the README's bars and the tables of
# benchmarks/README.md become those of this run, and benchmarks/history.jsonl tells what is slower than before.
bench: .venv/ready-bench .venv-hips/ready
	$(BIN)/python -m benchmarks

# HIPS autograd has our import name, and so a Python of its own.
.venv-hips/ready:
	$(PYTHON) -m venv .venv-hips
	.venv-hips/bin/python -m pip install --quiet --disable-pip-version-check 'autograd>=1.7' scipy
	touch $@

# The long forms of what docs/reference/guarantees.md promises: minutes, not seconds.
soak: .venv/ready-test
	PYTHONPATH=. $(BIN)/python tools/soak.py --minutes 10

sanitize: .venv/ready-test
	$(BIN)/python tools/sanitize.py address

HOURS ?= 1
check-long: .venv/ready-test
	$(BIN)/python tools/check_distributions.py
	$(MAKE) core-uncompiled UNCOMPILED=tests
	$(BIN)/python tools/endurance.py --hours $(HOURS)

.venv/python:
	$(PYTHON) -m venv .venv
	touch $@

# Compiled in place, with a line for each module; without a C compiler this says so, and the engine runs as plain Python.
.venv/built: .venv/python $(SOURCES)
	@echo "The engine is compiled, which takes a minute or two the first time."
	$(PIP) $$($(BIN)/python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['build-system']['requires'])")
	$(BIN)/python setup.py --quiet build_ext --inplace
	touch $@

# What is installed beside it: the extras of pyproject.toml that each needs.
.venv/ready-%: pyproject.toml | .venv/built
	@echo "What '$*' needs is installed: $(EXTRAS_$*)."
	$(PIP) --no-build-isolation --editable '.[$(EXTRAS_$*)]'
	touch $@

clean:
	rm -rf .venv .venv-hips build demo-output *.egg-info autograd/compilation.json
	find autograd -name '*.so' -delete
