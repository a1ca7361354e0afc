// From port 8443, with the certificate that was mounted, to the vault on 8444, which shows the same one.
import { readFileSync } from 'node:fs';
import { createServer, request as send } from 'node:https';

const [cert, key] = ['cert', 'key'].map((name) => readFileSync(`/tls/${name}.pem`));

createServer({ cert, key }, (request, response) => {
  const path = request.url
    .replace(/api-version=[^&]*/, 'api-version=7.6')
    .replace(/api%2Dversion=[^&]*/i, 'api-version=7.6');
  const { method, headers } = request;
  const options = {
    port: 8444,
    host: '127.0.0.1',
    servername: 'compose.vault.azure.net',
    ca: cert,
    allowPartialTrustChain: true,
    path,
    method,
    headers,
  };
  const forwarded = send(options, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  forwarded.on('error', (error) => {
    console.error(error);
    response.destroy();
  });
  request.pipe(forwarded);
}).listen(8443);
