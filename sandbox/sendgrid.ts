/** SendGrid's mail/send: accepts every mail, delivers none. https://www.twilio.com/docs/sendgrid/api-reference/mail-send */
import { randomBytes } from 'node:crypto';
import express from 'express';
import { createFaults, type Refusal } from './faults.ts';
import { listen } from './http.ts';

const REFUSALS: Record<Refusal, number> = {
  throttled: 429,
  unavailable: 500,
  denied: 403,
  identity: 401,
  expired: 401,
  sealed: 503,
  standby: 503,
};

export interface Mail {
  to: string;
  from: string;
  subject: string;
  text: string;
}

interface MailBody {
  personalizations: { to: { email: string }[] }[];
  from: { email: string };
  subject: string;
  content: { type: string; value: string }[];
}

export async function startSendGrid() {
  const keys = new Set<string>();
  const mails: Mail[] = [];
  const refusal = (message: string) => ({ errors: [{ message, field: null, help: null }] });
  const faults = createFaults((kind, _request, response) => {
    response.status(REFUSALS[kind]).json(refusal(`Injected fault: ${kind}.`));
  });

  const app = express();
  app.use(express.json({ limit: '1mb' }), faults.middleware);
  app.post('/v3/mail/send', (request, response) => {
    const key = request.headers.authorization?.replace(/^Bearer /, '') ?? '';
    if (!keys.has(key))
      return void response
        .status(401)
        .json(refusal('The provided authorization grant is invalid, expired, or revoked'));
    const { personalizations, from, subject, content } = request.body as MailBody;
    mails.push({
      to: personalizations[0]?.to[0]?.email ?? '',
      from: from.email,
      subject,
      text: content[0]?.value ?? '',
    });
    response.status(202).set('X-Message-Id', randomBytes(11).toString('base64url')).end();
  });

  const { url, close } = await listen(app);
  return {
    url,
    faults,
    /** Makes a key that is accepted until it is revoked. */
    createKey() {
      // The SDK warns about keys without this prefix.
      const key = `SG.sandbox-${randomBytes(24).toString('base64url')}`;
      keys.add(key);
      return key;
    },
    revokeKeys: () => keys.clear(),
    mails: () => [...mails],
    close,
  };
}
