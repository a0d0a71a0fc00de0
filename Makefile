# Thin: each target names the commands to run by hand.

DEMO := demo/digital-erp
CARGO_FLAGS ?=

.PHONY: up test clients soak bench bench-migrate bench-gateway fuzz deps fmt

up: deps ## build, and run the example with a tenant in each isolation
	cargo build $(CARGO_FLAGS) --package tenantry-cli
	cargo run $(CARGO_FLAGS) --quiet --package tenantry-cli -- up --example digital-erp --dir $(DEMO)

test: ## format, lints, tidy and every test
	scripts/test.sh $(CARGO_FLAGS)

clients: deps ## real drivers and ORMs through the gateway
	scripts/clients.sh $(CARGO_FLAGS)

soak: deps ## ten minutes of clients while PostgreSQL, connections and gateways break; ARGS="--seconds 60 --seed 7"
	TENANTRY_TEST_SOAK="$(or $(ARGS),--seconds 600)" cargo nextest run $(CARGO_FLAGS) --package tenantry-cli \
		-E 'test(/^soak::/)' --no-capture

bench: deps ## how fast tenants are made
	cargo bench $(CARGO_FLAGS) --package tenantry-lifecycle --bench provisioning

bench-migrate: deps ## a fleet's migration beside psql by hand and django-tenants
	BENCH_PYTHON="$$(scripts/bench-python.sh)" cargo bench $(CARGO_FLAGS) --package tenantry-cli --bench migrate

fuzz: deps ## 100,000 random mutations to a real listener, and of what is parsed
	TENANTRY_TEST_MUTATIONS=100000 cargo nextest run $(CARGO_FLAGS) --package tenantry-gateway -E 'test(mutations)'

bench-gateway: deps ## pgbench through the gateway, through PgBouncer and past both; ARGS chooses
	scripts/deps.sh pgbouncer
	cargo bench $(CARGO_FLAGS) --package tenantry-cli --bench gateway -- $(ARGS)

deps: ## install what is missing
	@scripts/deps.sh

fmt: ## format the code and write the generated pages
	cargo fmt --all
	cargo xtask codegen
