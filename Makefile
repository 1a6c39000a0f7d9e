# `make demo` and `make test` are what a newcomer needs; `make help` lists the rest.
SHELL := /bin/bash
SWIFT_FLAGS := -c release
export OPENBLAS_NUM_THREADS ?= 1

.PHONY: help demo test engines build soak sanitize thread-sanitizer address-sanitizer fuzz bench bench-scale bench-replay outcome lint \
	format clean prepare

help:
	@echo "make demo    about a minute: history, training, a compressed day live, reactive against prewarmed"
	@echo "make test    every test that needs no engine"
	@echo "make engines the tests against real programs: needs Debian's packages prometheus and chromium"
	@echo "make build   the binary .build/release/forecast"
	@echo "make soak    KILLS=200 of the daemon, SOAK_FUZZ_SECONDS=300 of fuzzing, then make sanitize; an hour"
	@echo "make sanitize  tests under the thread and the address sanitizer, each in a build of its own; SANITIZED='SeriesTests' for some"
	@echo "make fuzz    a minute of libFuzzer over the decoders; FUZZ_SECONDS=600 for longer"
	@echo "make bench-scale    learning and forecasting ten thousand series: time, memory, accuracy"
	@echo "make bench-replay   30 days of seconds through hpa and predictive; REFERENCE=simulate.py times another replay beside it"
	@echo "make outcome TRACES=folder  what lateness costs on six public traces, beside the autoscalers people run; ten minutes"
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
	@command -v chromium >/dev/null || echo "No chromium here: pages are not opened; apt-get install chromium" >&2
	swift build $(SWIFT_FLAGS) --build-tests
	PREWARM_ENGINES=1 swift test $(SWIFT_FLAGS) --skip-build --filter 'EndToEndTests\.(PrometheusTests|BackfillEngineTests|ReportPageTests)'

# Each sanitizer has a build of its own, as the dependencies must be compiled with it too: some ten minutes each. SANITIZED chooses
# the tests: a regular expression of swift test. The tests of the built program and those that time it run without,
# and the conformance of forecasters, which are pure and train for hours when nothing is optimised. One test at a
# time, as a sanitizer slows all down so much that several starve each other past their time bounds.
SANITIZED ?= Tests
UNSANITIZED := ^(EndToEnd|Architecture|Demo)Tests|^ForecastingTests\..*/conforms
KILLS ?= 200
SOAK_FUZZ_SECONDS ?= 300

soak: prepare
	swift build $(SWIFT_FLAGS) --build-tests
	PREWARM_KILLS=$(KILLS) swift test $(SWIFT_FLAGS) --skip-build --filter 'EndToEndTests\.CrashTests'
	$(MAKE) fuzz FUZZ_SECONDS=$(SOAK_FUZZ_SECONDS)
	$(MAKE) sanitize

sanitize: thread-sanitizer address-sanitizer

# The linked object tells the sanitizer of the standard library's Mutex, so that nothing has to be suppressed.
THREAD := --sanitize=thread --scratch-path .build-thread -Xlinker $(CURDIR)/.build-thread/mutex.o
thread-sanitizer: prepare
	@mkdir -p .build-thread
	clang -O1 -Wall -Werror -c .ci/thread-sanitizer-mutex.c -o .build-thread/mutex.o
	swift build --build-tests $(THREAD)
	swift test --no-parallel --skip-build $(THREAD) --filter '$(SANITIZED)' --skip '$(UNSANITIZED)'

ADDRESS := --sanitize=address --scratch-path .build-address
address-sanitizer: prepare
	swift build --build-tests $(ADDRESS)
	LSAN_OPTIONS=suppressions=$(CURDIR)/.ci/leak-sanitizer.txt swift test --no-parallel --skip-build $(ADDRESS) --filter '$(SANITIZED)' --skip '$(UNSANITIZED)'

FUZZ_SECONDS ?= 60
FUZZ_DECODERS := --product fuzz-decoders

# libFuzzer with the address sanitizer, beginning from inputs made by code. An input that ends it stays in out/fuzz.
fuzz: prepare
	swift build $(SWIFT_FLAGS) $(FUZZ_DECODERS)
	swift build -c release $(FUZZ_DECODERS) --scratch-path .build-fuzz --sanitize=fuzzer \
	    -Xswiftc -sanitize=fuzzer,address -Xswiftc -DFUZZING
	@mkdir -p out/fuzz/found
	.build/release/fuzz-decoders corpus out/fuzz/seeds
	.build-fuzz/release/fuzz-decoders -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -timeout=5 -rss_limit_mb=1024 \
	    -print_final_stats=1 -verbosity=0 -artifact_prefix=out/fuzz/ out/fuzz/found out/fuzz/seeds

bench-scale: build
	.build/release/forecast bench-scale --series 10000 --model global-ridge
	.build/release/forecast bench-scale --series 10000 --model ridge

REFERENCE ?=

bench-replay: build
	.build/release/forecast bench-replay $(if $(REFERENCE),--reference $(REFERENCE))

TRACES ?= out/traces

outcome: build
	@command -v python3 >/dev/null || { echo "No python3 here" >&2; exit 1; }
	python3 scripts/outcome.py .build/release/forecast $(TRACES) --keep out/outcome

bench: prepare
	./scripts/bench-net

lint:
	swift format lint --strict --recursive --parallel Package.swift Sources Tests notebooks-as-scripts

format:
	swift format --in-place --recursive --parallel Package.swift Sources Tests notebooks-as-scripts

clean:
	rm -rf .build .build-thread .build-address .build-fuzz out
