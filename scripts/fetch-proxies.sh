#!/bin/sh
# Gets Debian's nginx and Caddy for test/operate/proxies.test.ts without installing them; the tests download nothing.
set -eu
folder="${TMPDIR:-/tmp}/gateway-proxies"
mkdir -p "$folder"
cd "$folder"
apt-get download nginx caddy
for package in nginx_*.deb caddy_*.deb; do
  dpkg -x "$package" .
done
