#!/usr/bin/env bash
# ssh2-sftp-client 12.1.1: list() says what an entry is by the first letter of the line for people (`longname`), though the server sends its mode beside it. Where that line is the name
# alone, "deliveries.csv" is a directory, "links.csv" a link and "agents.csv" nothing known, and who takes what has type '-' finds no file, without an error. stat() goes by the mode.
# A good engineer guesses that a listing tells files from directories by the attributes: the form of that line is left to the server, and clients should not parse it but use the attributes
# (draft-ietf-secsh-filexfer-02, 7, "File Names").
# Source: src/index.js, list: `type: item.longname.slice(0, 1)`; rights, too, and downloadDir and rmdir go by it. The readdir of ssh2 itself gives mode and line as they came.
# Seen with ssh2-sftp-client 12.1.1, ssh2 1.17.0, Node 20.20.2. Needs Node 20 or newer and npm. Ends with 1 when the behaviour is another.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund ssh2-sftp-client@12.1.1 ssh2@1.17.0 >/dev/null
cat > probe.cjs <<'X'
const { Server, utils } = require('ssh2');
const Client = require('ssh2-sftp-client');
const { OPEN_MODE: _, STATUS_CODE: status } = utils.sftp;
const { private: key } = utils.generateKeyPairSync('ecdsa', { bits: 256 });
const attrs = { mode: 0o100644, uid: 1, gid: 1, size: 3, atime: 1700000000, mtime: 1700000000 };
const names = ['deliveries.csv', 'links.csv', 'agents.csv'];

/** What list() and stat() say of three files where the server writes their lines so. */
async function types(line) {
  const server = new Server({ hostKeys: [key] }, (connection) => {
    connection.on('error', () => {});
    connection.on('authentication', (context) => context.accept());
    connection.on('session', (acceptSession) =>
      acceptSession().on('sftp', (acceptSftp) => {
        const sftp = acceptSftp();
        let read = false;
        sftp.on('OPENDIR', (id) => sftp.handle(id, Buffer.from('d')));
        sftp.on('READDIR', (id) => {
          if (read) return sftp.status(id, status.EOF);
          read = true;
          return sftp.name(id, names.map((filename) => ({ filename, longname: line(filename), attrs })));
        });
        sftp.on('CLOSE', (id) => sftp.status(id, status.OK));
        sftp.on('STAT', (id) => sftp.attrs(id, attrs));
        sftp.on('REALPATH', (id) => sftp.name(id, [{ filename: '/', longname: '/', attrs }]));
      }),
    );
  });
  const port = await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));
  const client = new Client();
  await client.connect({ host: '127.0.0.1', port, username: 'a', password: 'b' });
  const listed = (await client.list('/')).map(({ type }) => type);
  const { isFile } = await client.stat('/deliveries.csv');
  await client.end();
  server.close();
  return `list ${JSON.stringify(listed)}, stat ${isFile ? 'a file' : 'no file'}`;
}

(async () => {
  const seen = {
    'as ls -l writes it': await types((name) => `-rw-r--r--    1 a        a               3 Nov 14  2023 ${name}`),
    'the name alone': await types((name) => name),
  };
  console.log(`${names.join(', ')}:`, seen);
  const expected = ['list ["-","-","-"], stat a file', 'list ["d","l","a"], stat a file'];
  if (JSON.stringify(Object.values(seen)) !== JSON.stringify(expected)) {
    console.error('The behaviour is another one now.');
    process.exitCode = 1;
  }
})();
X
node probe.cjs
