# `make build` and `make test` are what a newcomer needs; `make help` lists the rest.
SHELL := /bin/bash
SWIFT_FLAGS := -c release
export OPENBLAS_NUM_THREADS ?= 1

.PHONY: help build test lint format clean prepare

help:
	@echo "make test   every test that needs no engine"
	@echo "make build  the binary .build/release/forecast"
	@echo "make lint   formatting and shell checks"
	@echo "make format rewrites the sources to the house format"

prepare:
	@./scripts/prepare

build: prepare
	swift build $(SWIFT_FLAGS) --product forecast

test: prepare
	swift build $(SWIFT_FLAGS) --build-tests
	swift test $(SWIFT_FLAGS) --skip-build

lint:
	swift format lint --strict --recursive --parallel Package.swift Sources Tests notebooks-as-scripts

format:
	swift format --in-place --recursive --parallel Package.swift Sources Tests notebooks-as-scripts

clean:
	rm -rf .build out
