# `make demo` and `make test` are what a newcomer needs; `make help` lists the rest.
SHELL := /bin/bash
SWIFT_FLAGS := -c release
export OPENBLAS_NUM_THREADS ?= 1

.PHONY: help demo test engines build soak fuzz bench lint format clean prepare

help:
	@echo "make demo    about a minute: history, training, a compressed day live, reactive against prewarmed"
	@echo "make test    every test that needs no engine"
	@echo "make engines the tests against real programs: needs Debian's package prometheus"
	@echo "make build   the binary .build/release/forecast"
	@echo "make soak    200 kills of the daemon, five minutes of fuzzing, tests under the thread and the address sanitizer; an hour"
	@echo "make fuzz    a minute of libFuzzer over the decoders; FUZZ_SECONDS=600 for longer"
	@echo "make bench   training throughput of the quantile network beside PyTorch: needs Debian's package python3-torch"
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
	PREWARM_ENGINES=1 swift test $(SWIFT_FLAGS) --skip-build --filter 'EndToEndTests\.(PrometheusTests|BackfillEngineTests)'

# Each sanitizer has a build of its own, as the dependencies must be compiled with it too.
SANITIZED := '^(Units|Series|WireFormats|SeriesStoreSQLite|HTTPAPI|ControlLoop)Tests\.'

soak: prepare
	swift build $(SWIFT_FLAGS) --build-tests
	PREWARM_KILLS=200 swift test $(SWIFT_FLAGS) --skip-build --filter 'EndToEndTests\.CrashTests'
	$(MAKE) fuzz FUZZ_SECONDS=300
	swift build --build-tests --sanitize=thread --scratch-path .build-thread
	TSAN_OPTIONS=suppressions=$(CURDIR)/.ci/thread-sanitizer.txt swift test --skip-build --sanitize=thread --scratch-path .build-thread --filter $(SANITIZED)
	swift build --build-tests --sanitize=address --scratch-path .build-address
	LSAN_OPTIONS=suppressions=$(CURDIR)/.ci/leak-sanitizer.txt swift test --skip-build --sanitize=address --scratch-path .build-address --filter $(SANITIZED)

FUZZ_SECONDS ?= 60
FUZZ_DECODERS := --product fuzz-decoders

# libFuzzer with the address sanitizer, beginning from inputs made by code. An input that ends it stays in out/fuzz.
fuzz: prepare
	swift build -c release $(FUZZ_DECODERS)
	swift build -c release $(FUZZ_DECODERS) --scratch-path .build-fuzz --sanitize=fuzzer \
	    -Xswiftc -sanitize=fuzzer,address -Xswiftc -DFUZZING
	@mkdir -p out/fuzz/found
	.build/release/fuzz-decoders corpus out/fuzz/seeds
	.build-fuzz/release/fuzz-decoders -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -timeout=5 -rss_limit_mb=1024 \
	    -print_final_stats=1 -verbosity=0 -artifact_prefix=out/fuzz/ out/fuzz/found out/fuzz/seeds

bench: prepare
	./scripts/bench-net

lint:
	swift format lint --strict --recursive --parallel Package.swift Sources Tests notebooks-as-scripts

format:
	swift format --in-place --recursive --parallel Package.swift Sources Tests notebooks-as-scripts

clean:
	rm -rf .build .build-thread .build-address .build-fuzz out
