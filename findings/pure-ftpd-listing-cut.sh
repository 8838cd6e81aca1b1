#!/usr/bin/env bash
# pure-ftpd and a folder of more than 10,000 files: MLSD and LIST give 9,998 of them with the code of success (226), and what was left out stands in the text behind
# that code alone. basic-ftp, as FTP clients do, takes the code: `list()` resolves, and whoever fetches "all new files" never sees the rest. Which files they are is
# chance: the order is that of the folder on the disk. Its manual has the limit (-L) as one of depth and count; that a client is not told is what surprises.
# A good engineer guesses that a listing is whole or an error (RFC 959, 4.2: 226 is a positive completion reply, "the requested action has been successfully completed").
# Source: pure-ftpd ls.c (domlsd, dolist: max_ls_files), its message MSG_LS_TRUNCATED; basic-ftp Client.js, list.
# What helps: read the text of the reply behind a listing, move files away once they are fetched, or raise -L.
# Seen with pure-ftpd 1.0.50-2.1+b2 (Debian 12), basic-ftp 6.2.3 and Node 20.20.2. Needs root (the server becomes the user whose files it serves), apt of Debian 12,
# Node 20 or newer and npm. Ends with 1 when the behaviour is another.
set -euo pipefail
folder=$(mktemp -d); server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"; chmod 755 .
apt-get download -q=2 pure-ftpd=1.0.50-2.1+b2 libsodium23
for package in *.deb; do dpkg -x "$package" server; done
export LD_LIBRARY_PATH="$folder/server/usr/lib/x86_64-linux-gnu:$folder/server/lib/x86_64-linux-gnu"
mkdir -p root/in
(cd root/in && seq -f 'day-%05g.csv' 1 10050 | xargs touch)
chown -R 65534:65534 root
printf 'open sesame\nopen sesame\n' | server/usr/bin/pure-pw useradd loader -u 65534 -g 65534 -d "$folder/root" -f "$folder/passwords" -F "$folder/table.pdb" -m >/dev/null
port=$(node -e 'const s=require("node:net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
server/usr/sbin/pure-ftpd -S "127.0.0.1,$port" -l "puredb:$folder/table.pdb" -E -P 127.0.0.1 -c 10 & server=$!
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts basic-ftp@6.2.3
cat >try.cjs <<'JS'
const { Client } = require('basic-ftp');
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
(async () => {
  const client = new Client(10_000);
  for (let tries = 0; ; tries++) {
    try {
      await client.access({ host: '127.0.0.1', port: Number(process.argv[2]), user: 'loader', password: 'open sesame' });
      break;
    } catch (error) {
      if (tries === 50) throw error;
      await wait(100);
    }
  }
  const replies = [];
  client.ftp.log = (text) => /^< ?2/.test(text) && replies.push(text.trim());
  client.ftp.verbose = true;
  const found = await client.list('in');
  client.close();
  const said = replies.join('\n').split(/\r?\n/).filter((line) => /226/.test(line));
  console.log('basic-ftp', require('basic-ftp/package.json').version, 'and pure-ftpd 1.0.50: 10050 files');
  console.log(`list() gives ${found.length} and no error; the server said:\n    ${said.join('\n    ')}`);
  process.exitCode = found.length === 9998 && said.some((line) => /226.*truncated/i.test(line)) ? 0 : 1;
})();
JS
node try.cjs "$port" || { echo "CHANGED: the listing is whole, or an error"; exit 1; }
