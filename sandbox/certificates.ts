/** Certificates for stand-ins that use TLS: an authority made for this run, and a server certificate signed by it. */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generate } from 'selfsigned';

const DAY = 24 * 60 * 60 * 1000;

export interface Certificates {
  /** Path of the authority's certificate in PEM, for `NODE_EXTRA_CA_CERTS` and `curl --cacert`. */
  caFile: string;
  /** The same certificate as text. */
  ca: string;
  /** The server's private key in PEM. Neither this key nor the authority's is written to disk. */
  key: string;
  /** The server's certificate in PEM, valid for 127.0.0.1, ::1 and localhost for 7 days. */
  cert: string;
}

/**
 * @param directory receives `ca.pem`, the only file written
 * @param names more host names for the certificate
 */
export async function createCertificates({
  directory,
  names = [],
}: {
  directory: string;
  names?: string[];
}): Promise<Certificates> {
  const options = {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    // Valid since an hour ago: the clock of a container may be behind.
    notBeforeDate: new Date(Date.now() - DAY / 24),
    notAfterDate: new Date(Date.now() + 7 * DAY),
  } as const;

  // The name is unique: a client that knows two authorities of one name may check against the wrong one.
  const authority = await generate([{ name: 'commonName', value: `Sandbox authority ${randomUUID()}` }], {
    ...options,
    extensions: [
      { name: 'basicConstraints', cA: true, pathLenConstraint: 0, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const server = await generate([{ name: 'commonName', value: 'localhost' }], {
    ...options,
    ca: { key: authority.private, cert: authority.cert },
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
          ...names.map((value) => ({ type: 2 as const, value })),
        ],
      },
    ],
  });

  const caFile = join(directory, 'ca.pem');
  await writeFile(caFile, authority.cert);
  return { caFile, ca: authority.cert, key: server.private, cert: server.cert };
}
