# `make build` and `make test` are what a newcomer needs; `make help` lists the rest.
SHELL := /bin/bash
SWIFT_FLAGS := -c release
export OPENBLAS_NUM_THREADS ?= 1

.PHONY: help demo build test lint format clean prepare

help:
	@echo "make demo   a compressed day against live workers, in about a minute"
	@echo "make test   every test that needs no engine"
	@echo "make build  the binary .build/release/forecast"
	@echo "make lint   formatting and shell checks"
	@echo "make format rewrites the sources to the house format"

prepare:
	@./scripts/prepare

build: prepare
	swift build $(SWIFT_FLAGS) --product forecast

demo: build
	.build/release/forecast demo

test: prepare
	swift build $(SWIFT_FLAGS) --build-tests
	swift test $(SWIFT_FLAGS) --skip-build

lint:
	swift format lint --strict --recursive --parallel Package.swift Sources Tests

format:
	swift format --in-place --recursive --parallel Package.swift Sources Tests

clean:
	rm -rf .build out
