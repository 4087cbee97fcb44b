# The program in an image, run by a user of its own. The ledger and the config file are in volumes, so
# that a new container knows what was paid before:
#
#   docker build --build-arg UID=$(id -u) --tag ccbatch .
#   docker run --rm -it -v ccbatch-state:/state -v ccbatch-config:/config -v "$PWD:/payouts" \
#       ccbatch run payouts.csv
#
# The user has your number, because the results are written beside the payouts.

FROM rust:1.89-bookworm AS build
WORKDIR /source
COPY . .
RUN cargo build --release --locked

FROM debian:bookworm-slim
ARG UID=10001
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid "$UID" --create-home ccbatch \
    && install -d -o ccbatch -g ccbatch -m 0700 /state /config /payouts
COPY --from=build /source/target/release/ccbatch /usr/local/bin/ccbatch
USER ccbatch
ENV XDG_STATE_HOME=/state XDG_CONFIG_HOME=/config
VOLUME ["/state", "/config"]
WORKDIR /payouts
ENTRYPOINT ["ccbatch"]
