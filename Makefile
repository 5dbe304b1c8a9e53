# make demo   the main job: expression, gradients, check, pictures, training
# make test   every check that CI runs
# Both make a virtual environment of their own in .venv and are quick the second time.

PYTHON ?= python3
BIN := .venv/bin
SOURCES := pyproject.toml setup.py $(shell find autograd -name '*.py' -o -name '*.pxd')

.PHONY: demo test check core-uncompiled benchmarks soak sanitize endurance clean

demo: .venv/ready-demo
	$(BIN)/python -m examples.demo

test: .venv/ready-test
	$(MAKE) check

check:
	$(BIN)/python tools/generate_kernels.py --check
	$(BIN)/python tools/generate_docs.py --check
	$(BIN)/python tools/generate_pictures.py --check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2
	$(BIN)/python tools/sanitize.py debug
	$(MAKE) core-uncompiled

# The engine as plain Python: the same tests and all doctests on a copy without extension modules.
core-uncompiled:
	rm -rf build/uncompiled && mkdir -p build/uncompiled
	cp -r autograd layers viz examples tests tools docs pyproject.toml setup.py README.md build/uncompiled/
	find build/uncompiled \( -name "*.so" -o -name "*.pyd" \) -delete
	cd build/uncompiled && PYTHONPATH=. $(abspath $(BIN))/python -m pytest -n 2 tests
	cd build/uncompiled && PYTHONPATH=. $(abspath $(BIN))/python -m pytest --doctest-modules autograd layers viz examples
	cd build/uncompiled && PYTHONPATH=. $(abspath $(BIN))/python -m pytest --doctest-glob='*.md' README.md docs

benchmarks: .venv/ready-test
	$(BIN)/python -m benchmarks.eager

# The long forms of what docs/guarantees.md promises: minutes, not seconds.
soak: .venv/ready-test
	PYTHONPATH=. $(BIN)/python tools/soak.py --minutes 10

sanitize: .venv/ready-test
	$(BIN)/python tools/sanitize.py address

endurance: .venv/ready-test
	$(BIN)/python tools/endurance.py

.venv/python:
	$(PYTHON) -m venv .venv
	touch $@

.venv/ready-demo: .venv/python $(SOURCES)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[viz,plot]'
	touch $@

.venv/ready-test: .venv/python $(SOURCES)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $@

clean:
	rm -rf .venv build demo-output *.egg-info autograd/source_hash.txt
	find autograd -name '*.so' -delete
