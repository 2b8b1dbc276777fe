# What people and CI do with this repository. Everything needs Rust; PostgreSQL is found or installed.

# The servers of demo and tests are throwaway ones, started from the programs in this directory.
with_postgresql = PG_BIN_DIR=$$(scripts/postgresql) && export PG_BIN_DIR &&

.PHONY: help demo test bench formats lint

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' Makefile

demo: ## a whole key rotation on a throwaway PostgreSQL, step by step
	@$(with_postgresql) cargo run --release --quiet -- demo

test: ## all tests, against throwaway servers
	@$(with_postgresql) cargo test --features failpoints

bench: ## rows per second against plain SQL, and the cost of one value
	@$(with_postgresql) cargo bench --bench reseal_value --bench rotation

formats: ## docs/formats.md from the presets
	@RESEAL_WRITE_FORMATS=1 cargo test --quiet --test formats

lint: ## formatting and clippy, warnings are errors
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	cargo clippy --all-targets --features failpoints -- -D warnings
