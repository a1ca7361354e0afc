/** Receipts by mail, through SendGrid. https://www.twilio.com/docs/sendgrid/api-reference/mail-send */
import type { ApiKeys } from './api-keys.ts';

export interface Receipt {
  to: string;
  /** In cents. */
  amount: number;
  /** The payment's id. */
  id: string;
  /** When the request began, on the clock. */
  since: number;
}

export interface Receipts {
  /** @throws the error of SendGrid or of the network */
  send(receipt: Receipt): Promise<void>;
}

const isRefusal = (error: unknown) => (error as { code?: unknown }).code === 401;

export interface ReceiptsOptions {
  keys: ApiKeys;
  /** Origin in place of SendGrid's own. */
  base: string | undefined;
  sender: string;
}

export function createReceipts({ keys, base, sender }: ReceiptsOptions): Receipts {
  let loaded: ReturnType<typeof load> | undefined;

  return {
    send: ({ to, amount, id, since }) =>
      keys.use('sendgrid', { isRefusal, since }, async (key) => {
        loaded ??= load();
        const { mail, client } = await loaded;
        const text = `You paid ${dollars.format(amount / 100)}. Your payment is ${id}.`;
        // The SendGrid client is a global: do not await between setApiKey and send. setApiKey also sets the address.
        client.setApiKey(key);
        if (base !== undefined) client.setDefaultRequest('baseUrl', base);
        await mail.send({ to, from: sender, subject: 'Your receipt', text });
      }),
  };
}

/** Imported with the first receipt: the SDK costs start-up time and memory. */
async function load() {
  const [{ default: mail }, { default: client }] = await Promise.all([
    import('@sendgrid/mail'),
    import('@sendgrid/client'),
  ]);
  mail.setClient(client);
  mail.setTimeout(10_000);
  return { mail, client };
}

const dollars = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' });
