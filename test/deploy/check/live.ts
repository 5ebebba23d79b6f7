import { randomUUID } from 'node:crypto';

const timeoutMs = 30_000;

/**
 * Opens a WebSocket through the front door as a browser does, with a ticket, orders something, and
 * waits until the socket tells that it has ended. Throws when that takes longer than 30 s.
 */
export async function watchOneOrder(url: string): Promise<void> {
  const user = `check-${randomUUID()}`;
  const { ticket } = (await post(url, user, '/v1/liveTickets', {})) as { ticket: string };
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/live?ticket=${ticket}`);
  const seen: string[] = [];
  const ended = new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => socket.send('{}'));
    socket.addEventListener('error', () => reject(new Error('the WebSocket did not open')));
    socket.addEventListener('close', ({ code }) => reject(new Error(`it was closed: ${code}`)));
    setTimeout(() => reject(new Error(`only ${seen.join(', ')} was told`)), timeoutMs).unref();
    socket.addEventListener('message', ({ data }) => {
      const { kind, orders } = JSON.parse(String(data)) as { kind: string; orders?: Order[] };
      const state = orders?.[0]?.state;
      seen.push(state === undefined ? kind : `${kind} ${state}`);
      if (kind === 'SNAPSHOT') void order(url, user).catch(reject);
      // There is no account to pay from.
      if (kind === 'ORDER' && state === 'FAILED') resolve();
    });
  });
  try {
    await ended;
  } finally {
    socket.close();
  }
}

interface Order {
  state: string;
}

function order(url: string, user: string): Promise<unknown> {
  return post(url, user, '/v1/orders', { amount: { currencyCode: 'USD', amountMinor: '7' } });
}

async function post(url: string, user: string, path: string, body: unknown): Promise<unknown> {
  const headers = { 'x-user-id': user, 'content-type': 'application/json' };
  const signal = AbortSignal.timeout(timeoutMs);
  const attempt = { method: 'POST', headers, body: JSON.stringify(body), signal };
  const answer = await fetch(`${url}${path}`, attempt);
  if (!answer.ok) throw new Error(`POST ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}
