# syntax=docker/dockerfile:1

FROM rust:1.95-bookworm AS builder
RUN rustup target add wasm32-unknown-unknown
WORKDIR /src
COPY . .
# The registry and the target folder stay between builds; what the image needs is copied out of them.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    set -eu; \
    mkdir -p /out/plugins /out/empty; \
    rm -f target/guests/wasm32-unknown-unknown/guest/*.wasm; \
    for manifest in plugins/*/Cargo.toml; do \
        cargo build --locked --profile guest --target wasm32-unknown-unknown --target-dir target/guests \
            --manifest-path "$manifest"; \
    done; \
    cargo build --locked --release -p portolan --bin portolan; \
    cp target/guests/wasm32-unknown-unknown/guest/*.wasm /out/plugins/; \
    cp target/release/portolan /out/portolan

FROM gcr.io/distroless/cc-debian12:nonroot
LABEL org.opencontainers.image.title="Portolan" \
      org.opencontainers.image.description="A self-hosted GitHub App for Port's software catalog whose mapping logic belongs to its users" \
      org.opencontainers.image.source="https://github.com/portolan-dev/portolan" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=builder /out/portolan /usr/local/bin/portolan
# Beside the binary, not in /plugins: a volume there must not hide them.
COPY --from=builder /out/plugins /usr/local/bin/plugins
# A distroless image has no shell to make folders in.
COPY --from=builder --chown=65532:65532 /out/empty /plugins
COPY --from=builder --chown=65532:65532 /out/empty /data
ENV PORT=3000
# /data is the only place that is written to: `docker run --read-only` works.
VOLUME ["/plugins", "/data"]
EXPOSE 3000
USER 65532:65532
HEALTHCHECK --interval=30s --timeout=3s --start-period=10s CMD ["/usr/local/bin/portolan", "health"]
ENTRYPOINT ["/usr/local/bin/portolan"]
CMD ["serve"]
