// What the container's health check runs: exits with 0 where the gateway of this machine is ready. Over TLS where the gateway speaks it; the certificate is for
// the name that clients use, and this is the machine itself, so it is not looked at.
import http from 'node:http';
import https from 'node:https';
import process from 'node:process';

const { PORT = '8080', HOST = '127.0.0.1', TLS_CERT_FILE = '' } = process.env;
const everywhere = ['', '0.0.0.0', '::'];
const options = {
  host: everywhere.includes(HOST) ? '127.0.0.1' : HOST,
  port: PORT,
  path: '/health/ready',
  timeout: 4000,
};
const ended = (code) => process.exit(code);
const request = TLS_CERT_FILE === '' ? http.request(options) : https.request({ ...options, rejectUnauthorized: false });
request.on('response', ({ statusCode }) => ended(statusCode === 200 ? 0 : 1));
request.on('timeout', () => ended(1));
request.on('error', () => ended(1));
request.end();
