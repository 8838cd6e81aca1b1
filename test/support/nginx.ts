import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

/** Where nginx is, on this machine or where `scripts/fetch-proxies.sh` put it; null: it is not here. */
export const nginx: string | null =
  ['/usr/sbin/nginx', path.join(process.env['TMPDIR'] ?? '/tmp', 'gateway-proxies/usr/sbin/nginx')].find((file) =>
    existsSync(file),
  ) ?? null;

/** The configuration of the repository for several gateways, without TLS, on a port of loopback, with gateways at these ports of loopback: three. */
export function gatewaysSite(own: number, ports: readonly number[]): string {
  let site = readFileSync('deploy/nginx/odata-gateways.conf', 'utf8')
    .replace('listen 443 ssl http2', `listen 127.0.0.1:${own}`)
    .replace('server_name feed.example.com', 'server_name localhost')
    .replace(/^ *ssl_.*$/gm, '');
  for (const [index, port] of ports.entries()) {
    site = site.replaceAll(`10.0.0.1${index + 1}:8080`, `127.0.0.1:${port}`);
  }
  assert.ok(!/10\.0\.0|ssl/.test(site.replace(/^ *#.*$/gm, '')));
  return site;
}

/** Starts nginx with the configuration of one site. Everything that it writes goes into the folder. */
export function startNginx(folder: string, site: string): ChildProcess {
  writeFileSync(path.join(folder, 'site.conf'), site);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  const main = `${user} daemon off; pid ${folder}/pid; error_log ${folder}/error.log; events {}\nhttp { access_log off;\n${temporary.join('\n')}\ninclude ${folder}/site.conf;\n}\n`;
  writeFileSync(path.join(folder, 'nginx.conf'), main);
  return spawn(nginx ?? '', ['-p', folder, '-c', path.join(folder, 'nginx.conf')], { stdio: 'ignore' });
}
