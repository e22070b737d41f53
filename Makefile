# demo   show heads arriving over every version of HTTP, then serve until Ctrl-C
# test   install what is missing, then check everything; what CI runs
# lint   formatting, clippy, documentation, dependencies
# bench  criterion benchmarks, and what the spine costs
# bench-peers  the gateway beside nginx, HAProxy and Caddy; writes load-tests/RESULTS.md
# observe  Prometheus over the demo: metrics, rules and alerts to look at
# dashboards  boards and rules: their tests, also against a real Prometheus
# fuzz   every fuzz target for FUZZ_SECONDS each (needs cargo-fuzz and a nightly toolchain)
#
# Everything is built with the release profile, once, whoever asks for it.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := test
.PHONY: demo test lint bench bench-peers observe fuzz tools build format clippy docs deny unit doctests clients dashboards \
        scenarios tour

export PATH := $(CURDIR)/.tools/bin:$(PATH)
# No __pycache__ in the source tree.
export PYTHONDONTWRITEBYTECODE := 1
FUZZ_SECONDS ?= 60

demo:
	cargo run --release --locked -- demo

test: tools
	@.ci/steps format clippy build unit doctests docs deny clients dashboards scenarios tour

lint: tools
	@.ci/steps format clippy docs deny

# Rust test programs are timed with nothing beside them, so benchmarks are not part of `test`.
bench: build
	cargo bench --locked --workspace --benches
	@load-tests/bench/spine

bench-peers:
	@load-tests/bench/peers

observe: build
	@dashboards/observe

fuzz:
	@.ci/fuzz $(FUZZ_SECONDS)

tools:
	@.ci/tools

build:
	cargo build --release --locked --workspace

format:
	cargo fmt --all --check

clippy:
	cargo clippy --release --locked --workspace --all-targets -- -D warnings

unit:
	@if command -v cargo-nextest >/dev/null; then \
	    cargo nextest run --release --locked --workspace --no-fail-fast; \
	else \
	    cargo test --release --locked --workspace --no-fail-fast --lib --bins --tests; \
	fi

doctests:
	cargo test --release --locked --workspace --doc

docs:
	RUSTDOCFLAGS="-D warnings" cargo doc --release --locked --workspace --no-deps

deny:
	cargo deny --locked check --hide-inclusion-graph bans licenses sources

clients: build
	.venv/bin/python -m pytest gateway/server/tests/clients

dashboards: build
	.venv/bin/python -m pytest dashboards/tests

# Every bundled load test, at most five seconds each.
scenarios: build
	target/release/progress-load run --quick $$(target/release/progress-load list | cut -d' ' -f1)

tour: build
	cargo run --release --locked -- demo --once
