# `make demo` and `make test` are what a newcomer needs; `make help` lists the rest.
SHELL := /bin/bash
SWIFT_FLAGS := -c release
export OPENBLAS_NUM_THREADS ?= 1

.PHONY: help demo test engines build soak lint format clean prepare

help:
	@echo "make demo    about a minute: history, training, a compressed day live, reactive against prewarmed"
	@echo "make test    every test that needs no engine"
	@echo "make engines the tests against real programs: needs Debian's package prometheus"
	@echo "make build   the binary .build/release/forecast"
	@echo "make soak    the tests again under the thread and the address sanitizer; long"
	@echo "make lint    formatting"
	@echo "make format  rewrites the sources to the house format"
	@echo "make clean   removes what was built"

prepare:
	@./scripts/prepare

demo: build
	@mkdir -p out
	.build/release/forecast demo --report out/demo.html

build: prepare
	@echo "Building (the first time takes some minutes) ..."
	swift build $(SWIFT_FLAGS) --product forecast

test: prepare
	@echo "Building with tests (the first time takes some minutes) ..."
	swift build $(SWIFT_FLAGS) --build-tests
	swift test $(SWIFT_FLAGS) --skip-build

engines: prepare
	@command -v promtool >/dev/null || { echo "No promtool here: apt-get install prometheus" >&2; exit 1; }
	swift build $(SWIFT_FLAGS) --build-tests
	PREWARM_ENGINES=1 swift test $(SWIFT_FLAGS) --skip-build --filter EndToEndTests.PrometheusTests

# Each sanitizer has a build of its own, as the dependencies must be compiled with it too.
soak: prepare
	swift test --sanitize=thread --scratch-path .build-thread
	swift test --sanitize=address --scratch-path .build-address

lint:
	swift format lint --strict --recursive --parallel Package.swift Sources Tests notebooks-as-scripts

format:
	swift format --in-place --recursive --parallel Package.swift Sources Tests notebooks-as-scripts

clean:
	rm -rf .build .build-thread .build-address out
